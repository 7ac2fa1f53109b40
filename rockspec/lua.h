/* LuaRocks looks for Lua's headers before it runs any build command, and reads the version in them.
 * This build includes no headers: where there are none, `luarocks make … LUA_INCDIR=rockspec` shows
 * LuaRocks this file.
 * LUA_VERSION_NUM 501, LUA_VERSION_NUM 502, LUA_VERSION_NUM 503, LUA_VERSION_NUM 504, LUA_VERSION_NUM 505
 */
