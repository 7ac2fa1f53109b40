# Installs without LuaRocks; docs/installing.md shows how.
#     make install LUA_VERSION=5.4
#     make install LUA_VERSION=5.1 LUA=luajit PREFIX=/opt/lua
#     make uninstall LUA_VERSION=5.4
LUA_VERSION = 5.4
LUA = lua$(LUA_VERSION)
PREFIX = /usr/local
SHAREDIR = $(PREFIX)/share/lua/$(LUA_VERSION)
LIBDIR = $(PREFIX)/lib/lua/$(LUA_VERSION)
DESTDIR =
# `no` leaves out ssl and ssl.https, for use with LuaSec
SSL = yes

# the Lua files to install, by their names under lua/
FILES = find lua -name '*.lua' | sed 's,^lua/,,' | if [ $(SSL) = yes ]; then cat; else grep -v '^ssl[./]'; fi

# the native libraries, installed in socket/: a folder of modules/ each
LIBRARIES = ls modules | grep -v '[.]' | sed -e 's,$$,_core.so,' -e 's,^core_core,core,'

all:
	$(LUA) rockspec/build.lua $(LUA_VERSION)

install: all
	set -e; $(FILES) | while read -r file; do \
	    mkdir -p "$$(dirname "$(DESTDIR)$(SHAREDIR)/$$file")"; \
	    rm -f "$(DESTDIR)$(SHAREDIR)/$$file"; \
	    cp "lua/$$file" "$(DESTDIR)$(SHAREDIR)/$$file"; \
	    chmod 644 "$(DESTDIR)$(SHAREDIR)/$$file"; \
	done
	mkdir -p "$(DESTDIR)$(LIBDIR)/socket"
	set -e; for file in $$($(LIBRARIES)); do \
	    rm -f "$(DESTDIR)$(LIBDIR)/socket/$$file"; \
	    cp "target/rock/$$file" "$(DESTDIR)$(LIBDIR)/socket/$$file"; \
	    chmod 644 "$(DESTDIR)$(LIBDIR)/socket/$$file"; \
	done

uninstall:
	$(FILES) | while read -r file; do rm -f "$(DESTDIR)$(SHAREDIR)/$$file"; done
	for file in $$($(LIBRARIES)); do rm -f "$(DESTDIR)$(LIBDIR)/socket/$$file"; done
	for folder in socket mime ssl; do \
	    rmdir "$(DESTDIR)$(SHAREDIR)/$$folder" "$(DESTDIR)$(LIBDIR)/$$folder" 2>/dev/null || true; \
	done

.PHONY: all install uninstall
