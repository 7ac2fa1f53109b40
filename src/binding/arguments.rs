//! Reads the arguments of a call.

use std::ffi::{c_int, c_void};

use mlua::ffi;

use super::{Call, Expected, Raise};
use crate::sys;

/// The type of a Lua value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value: the argument was not given.
    None,
    /// `nil`
    Nil,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// A table.
    Table,
    /// A function.
    Function,
    /// A full userdata.
    Userdata,
    /// A thread, a light userdata, or a type of the interpreter itself (LuaJIT's cdata).
    Other,
}

impl Kind {
    /// Whether the value is `nil` or was not given.
    pub fn is_absent(self) -> bool {
        matches!(self, Kind::None | Kind::Nil)
    }
}
impl<'c> Call<'c> {
    /// The number of arguments given.
    pub fn count(&self) -> c_int {
        // SAFETY: reads the stack's height.
        unsafe { ffi::lua_gettop(self.state) }
    }

    /// The type of a value.
    pub fn kind(&self, index: c_int) -> Kind {
        // SAFETY: any index is acceptable here.
        match unsafe { ffi::lua_type(self.state, index) } {
            ffi::LUA_TNONE => Kind::None,
            ffi::LUA_TNIL => Kind::Nil,
            ffi::LUA_TBOOLEAN => Kind::Boolean,
            ffi::LUA_TNUMBER => Kind::Number,
            ffi::LUA_TSTRING => Kind::String,
            ffi::LUA_TTABLE => Kind::Table,
            ffi::LUA_TFUNCTION => Kind::Function,
            ffi::LUA_TUSERDATA => Kind::Userdata,
            _ => Kind::Other,
        }
    }

    /// The name of a value's type, as Lua's `type` returns it.
    pub fn kind_name(&self, index: c_int) -> &'static str {
        match self.kind(index) {
            Kind::None => "no value",
            Kind::Nil => "nil",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Table => "table",
            Kind::Function => "function",
            Kind::Userdata => "userdata",
            // SAFETY: reads a type tag.
            Kind::Other => match unsafe { ffi::lua_type(self.state, index) } {
                ffi::LUA_TTHREAD => "thread",
                ffi::LUA_TLIGHTUSERDATA => "userdata",
                _ => "cdata",
            },
        }
    }

    /// Calls `function` with the bytes of a value that need not be an argument. The value is a string, or a
    /// number, which is converted in its place as Lua does. Returns `None` for other types. Allocates for a number.
    pub fn with_bytes<R>(&self, index: c_int, function: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.try_bytes(index).map(function)
    }

    /// The bytes of an argument. A number is converted to a string in its place. Returns `None` for other types.
    /// Allocates for a number.
    pub fn try_bytes(&self, index: c_int) -> Option<&'c [u8]> {
        let mut length = 0;
        // SAFETY: Lua keeps a string while it is on the stack. Arguments are on the stack until the call
        // ends. A caller that passes a value it pushed itself leaves it there as long as it uses the bytes.
        unsafe {
            let start = ffi::lua_tolstring(self.state, index, &mut length);
            (!start.is_null()).then(|| std::slice::from_raw_parts(start.cast::<u8>(), length))
        }
    }

    /// The bytes of a string or number argument. Raises `string expected, got …`.
    pub fn bytes(&self, index: c_int) -> Result<&'c [u8], Raise> {
        self.try_bytes(index).ok_or(Raise::Type(index, Expected::String))
    }

    /// Like [`Call::bytes`], but returns `None` for an absent argument.
    pub fn optional_bytes(&self, index: c_int) -> Result<Option<&'c [u8]>, Raise> {
        match self.try_bytes(index) {
            None if !self.kind(index).is_absent() => Err(Raise::Type(index, Expected::String)),
            bytes => Ok(bytes),
        }
    }

    /// A number, or a string that Lua converts to one. Returns `None` for anything else.
    pub fn try_number(&self, index: c_int) -> Option<f64> {
        let mut is_number = 0;
        // SAFETY: any index is acceptable here; reads a value, which does not allocate.
        let number = unsafe { ffi::lua_tonumberx(self.state, index, &mut is_number) };
        (is_number != 0).then_some(number)
    }

    /// A number argument. Raises `number expected, got …`.
    pub fn number(&self, index: c_int) -> Result<f64, Raise> {
        self.try_number(index).ok_or(Raise::Type(index, Expected::Number))
    }

    /// Like [`Call::number`], but returns `default` for an absent argument.
    pub fn optional_number(&self, index: c_int, default: f64) -> Result<f64, Raise> {
        match self.try_number(index) {
            Some(number) => Ok(number),
            None if self.kind(index).is_absent() => Ok(default),
            None => Err(Raise::Type(index, Expected::Number)),
        }
    }

    /// An integer argument by the rules of `luaL_checkinteger`. A fraction raises on Lua 5.3 and later.
    /// Earlier versions truncate it.
    pub fn integer(&self, index: c_int) -> Result<i64, Raise> {
        #[cfg(any(feature = "lua53", feature = "lua54", feature = "lua55"))]
        {
            let mut exact = 0;
            // SAFETY: reads a value; does not allocate.
            let integer = unsafe { ffi::lua_tointegerx(self.state, index, &mut exact) };
            if exact != 0 {
                return Ok(integer);
            }
            self.number(index)?;
            Err(Raise::Type(index, Expected::Integer))
        }
        #[cfg(not(any(feature = "lua53", feature = "lua54", feature = "lua55")))]
        self.number(index).map(|number| number as i64)
    }

    /// Whether the value counts as true.
    pub fn truthy(&self, index: c_int) -> bool {
        // SAFETY: any index is acceptable here.
        unsafe { ffi::lua_toboolean(self.state, index) != 0 }
    }

    /// A table argument. Raises `table expected, got …`.
    pub fn table(&self, index: c_int) -> Result<(), Raise> {
        if self.kind(index) == Kind::Table { Ok(()) } else { Err(Raise::Type(index, Expected::Table)) }
    }

    /// The file descriptor of an open file of Lua's `io`. Returns `None` for anything else. Allocates.
    pub fn file_number(&self, index: c_int) -> Option<c_int> {
        // SAFETY: the metatable proves that this is a file of `io`. Its userdata begins with the C library's
        // stream pointer. That pointer is null in a closed file of Lua 5.1 and LuaJIT. In later versions the
        // function pointer behind it is null instead. The debug library is trusted, see the rules of
        // [`super`].
        unsafe {
            let memory = ffi::lua_touserdata(self.state, index).cast::<*mut c_void>();
            if memory.is_null() || ffi::lua_getmetatable(self.state, index) == 0 {
                return None;
            }
            ffi::lua_getfield(self.state, ffi::LUA_REGISTRYINDEX, c"FILE*".as_ptr());
            let is_file = ffi::lua_rawequal(self.state, -1, -2) != 0;
            ffi::lua_settop(self.state, -3);
            if !is_file || (*memory).is_null() {
                return None;
            }
            #[cfg(not(any(feature = "lua51", feature = "luajit")))]
            if (*memory.add(1)).is_null() {
                return None;
            }
            sys::file_number(*memory)
        }
    }

    /// The position of a string argument in a list of choices, by the rules of `luaL_checkoption`.
    pub fn option(&self, index: c_int, default: &str, choices: &[&str]) -> Result<usize, Raise> {
        // LuaJIT uses the default for anything that is not a string, not only for an absent argument.
        let given =
            if cfg!(feature = "luajit") { self.try_bytes(index) } else { self.optional_bytes(index)? };
        // The argument is treated as a C string: a zero byte ends it.
        let name = given.unwrap_or(default.as_bytes()).split(|byte| *byte == 0).next();
        choices.iter().position(|choice| Some(choice.as_bytes()) == name).ok_or(Raise::Option(index))
    }
}
