//! Calls and objects: definition of classes, creation of objects, and access to them.

use std::ffi::{c_int, c_void};

use mlua::ffi;

use super::call::native;
use super::class::{self, Header, METATABLES};
use super::registry::key;
use super::{Address, Call, Class, ClassSpec, Message, Object, Outcome, Raise, Receiver};

impl Call<'_> {
    /// Defines a class. If the state already has the class, only its methods are replaced.
    pub fn define_class<T: Object>(&mut self, spec: &ClassSpec<T>) {
        define(self, spec);
    }

    /// Calls `function` with the object at `index`. The object must be of one of the receiver's classes;
    /// otherwise this raises `<receiver> expected`. Never allocates.
    pub fn object<T: Object, R>(
        &mut self,
        index: c_int,
        receiver: &Receiver<T>,
        function: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Raise> {
        self.try_object(index, receiver, function).ok_or_else(|| {
            Raise::Argument(index, Message::format(format_args!("{} expected", receiver.name)))
        })
    }

    /// Like [`Call::object`], but returns `None` when the value is not such an object.
    pub fn try_object<T: Object, R>(
        &mut self,
        index: c_int,
        receiver: &Receiver<T>,
        function: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        // SAFETY: `find` has checked the type. `function` cannot call Lua, so this reference is the only one.
        unsafe {
            class::find(self.state, self.shared(), index, receiver).map(|object| function(&mut *object))
        }
    }

    /// Calls `function` with the object on top of the stack and pops it, if its metatable is `class`. That is the
    /// metatable of an object of this type. Returns `None` and leaves the stack as it was for any other value. Never
    /// allocates.
    pub fn pop_object_of_class<T: Object, R>(
        &mut self,
        class: Address,
        function: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        // SAFETY: the type is checked. `function` cannot call Lua, so this reference is the only one. The metatable
        // takes one slot.
        unsafe {
            if ffi::lua_getmetatable(self.state, -1) == 0 {
                return None;
            }
            let object = if self.address(-1) == class { class::held(self.state, -2) } else { None };
            let result = object.map(|object| function(&mut *object));
            ffi::lua_settop(self.state, if result.is_some() { -3 } else { -2 });
            result
        }
    }

    /// Makes an object and pushes it. Lua's userdata is allocated before `make` runs, so that a resource
    /// opened by `make` is never lost. `make` leaves the stack as it was. On `Err` nothing is pushed.
    pub fn new_object<T: Object, E>(
        &mut self,
        class: &Class<T>,
        make: impl FnOnce(&mut Call<'_>) -> Result<T, E>,
    ) -> Result<(), E> {
        create(self, class, make)
    }

    /// Changes the class of the object at `index`: the same userdata gets another metatable. Never allocates.
    pub fn become_class<T: Object>(&mut self, index: c_int, class: &Class<T>) {
        class::assign(self.state, index, class);
    }

    /// The name and the address of the object at `index`, as `tostring` shows them.
    pub fn describe(&self, index: c_int) -> Option<(&'static str, *const c_void)> {
        class::describe(self.state, self.shared(), index)
    }
}

/// Defines the class of `spec`. The metatable is made once for each state, its `__index` at each call.
fn define<T: Object>(call: &mut Call<'_>, spec: &ClassSpec<T>) {
    let state = call.state;
    let class = spec.class;
    // SAFETY: this runs in an entry point. Nothing is owned here, so raising is harmless. The stack use is
    // balanced: 1 is the table of metatables, 2 this metatable, 3 its methods.
    unsafe {
        ffi::lua_rawgetp(state, ffi::LUA_REGISTRYINDEX, key(&METATABLES));
        ffi::lua_rawgeti(state, -1, class.slot as ffi::lua_Integer + 1);
        if ffi::lua_type(state, -1) != ffi::LUA_TTABLE {
            ffi::lua_settop(state, -2);
            ffi::lua_createtable(state, 0, 8);
            ffi::lua_pushvalue(state, -1);
            ffi::lua_rawseti(state, -3, class.slot as ffi::lua_Integer + 1);
            let shared = call.shared().cast_mut();
            if let Some(place) = (*shared).metatables.get_mut(class.slot) {
                *place = ffi::lua_topointer(state, -1);
            }
            if let Some(place) = (*shared).names.get_mut(class.slot) {
                *place = class.name;
            }
        }
    }
    if cfg!(any(feature = "lua53", feature = "lua54", feature = "lua55")) {
        call.push_bytes(class.name.to_bytes());
        call.set_field(-2, b"__name");
    }
    push_groups(call, spec.groups);
    call.set_methods(&[("__gc", native(collect::<T>)), ("__tostring", native(to_string))]);
    call.set_methods(spec.metamethods);
    call.new_table(0, spec.methods.len() + 1);
    if spec.named {
        call.push_bytes(class.name.to_bytes());
        call.set_field(-2, b"class");
    }
    call.set_methods(spec.methods);
    call.set_field(-2, b"__index");
    call.pop(2);
}

/// Gives the metatable on top of the stack the group fields, which scripts read. They are in a second table,
/// which the metatable reaches through `__index`. In the metatable itself, they would make LuaSocket's own
/// library, if it is loaded too, take this library's userdata for one of its objects.
fn push_groups(call: &mut Call<'_>, groups: &[&str]) {
    if groups.is_empty() {
        return;
    }
    call.new_table(0, 1);
    call.new_table(0, groups.len());
    for group in groups {
        call.push_boolean(true);
        call.set_field(-2, group.as_bytes());
    }
    call.set_field(-2, b"__index");
    // SAFETY: two tables are on top. The upper one becomes the metatable of the other.
    unsafe {
        ffi::lua_setmetatable(call.state, -2);
    }
}

/// Makes an object of a class and pushes it. `make` leaves the stack as it was, also on an error.
fn create<T: Object, E>(
    call: &mut Call<'_>,
    class: &Class<T>,
    make: impl FnOnce(&mut Call<'_>) -> Result<T, E>,
) -> Result<(), E> {
    let state = call.state;
    const { assert!(align_of::<Header<T>>() <= 8, "Lua aligns userdata for C's types") };
    // SAFETY: the userdata is as large as the header. While `make` runs it has no metatable, so it is not
    // treated as an object. It gets one when it is complete. `assign` does not allocate.
    unsafe {
        let memory = ffi::lua_newuserdata(state, size_of::<Header<T>>()).cast::<Header<T>>();
        match make(call) {
            Ok(object) => {
                memory.write(Header::new(object));
                class::assign(state, -1, class);
                Ok(())
            }
            Err(error) => {
                ffi::lua_settop(state, -2);
                Err(error)
            }
        }
    }
}

fn collect<T: Object>(call: &mut Call<'_>) -> Outcome {
    call.try_object(1, &Receiver::EVERY, T::finalize);
    // A script that calls `__gc` gets the result of `close`.
    call.push_number(1.0);
    Ok(1)
}

fn to_string(call: &mut Call<'_>) -> Outcome {
    let (name, address) = call
        .describe(1)
        .ok_or(Raise::Error(Message::new("invalid object passed to 'auxiliar.c:__tostring'")))?;
    call.push_bytes(Message::format(format_args!("{name}: {address:p}")).as_bytes());
    Ok(1)
}
