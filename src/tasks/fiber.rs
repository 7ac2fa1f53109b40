//! A C stack on which a task runs until it waits.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::mem::ManuallyDrop;
use std::ops::Range;

use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{Coroutine, CoroutineResult, Yielder};
use mlua::ffi::{self, lua_State};

/// Memory for a C stack.
pub struct Stack {
    memory: DefaultStack,
    /// The requested size.
    pub size: usize,
}

impl Stack {
    /// Reserves a stack. Memory is only used as the stack grows.
    pub fn new(size: usize) -> std::io::Result<Stack> {
        Ok(Stack { memory: DefaultStack::new(size)?, size })
    }
}

/// How a task's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It waits. Its frames are on its stack.
    Parked,
    /// Its coroutine has yielded plainly, ended or failed. The values are on its Lua stack. This is Lua's
    /// status.
    Left(c_int),
}

/// The way back to the scheduler, which a running task keeps.
pub type Exit = Yielder<(), ()>;

/// A stack in use.
pub struct Fiber {
    coroutine: ManuallyDrop<Coroutine<(), (), c_int, DefaultStack>>,
    size: usize,
    range: Range<usize>,
}

impl Fiber {
    /// Prepares to resume a Lua coroutine. The `arguments` values on top of its Lua stack, above the
    /// function, are passed to it. The way back is stored at `exit` when the coroutine runs.
    ///
    /// # Safety
    /// The coroutine and the place `exit` stay valid as long as the fiber is resumed.
    pub unsafe fn new(
        stack: Stack,
        thread: *mut lua_State,
        arguments: c_int,
        exit: *mut *const Exit,
    ) -> Self {
        let size = stack.size;
        let range = stack.memory.limit().get()..stack.memory.base().get();
        let (thread, exit) = (thread as usize, exit as usize);
        let coroutine = Coroutine::with_stack(stack.memory, move |yielder: &Exit, ()| {
            let thread = thread as *mut lua_State;
            // SAFETY: `new`'s caller keeps both alive. Nothing is owned here, because the stack may be reset
            // at any wait.
            unsafe {
                *(exit as *mut *const Exit) = yielder;
                let mut results = 0;
                let status = ffi::lua_resume(thread, std::ptr::null_mut(), arguments, &mut results);
                if status == ffi::LUA_YIELD {
                    ffi::lua_settop(thread, -results - 1);
                }
                status
            }
        });
        Fiber { coroutine: ManuallyDrop::new(coroutine), size, range }
    }

    /// The addresses of the stack.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Runs the task until it waits or its coroutine stops.
    pub fn resume(&mut self) -> Turn {
        match self.coroutine.resume(()) {
            CoroutineResult::Yield(()) => Turn::Parked,
            CoroutineResult::Return(status) => Turn::Left(status),
        }
    }

    /// Takes the stack back. A task that waits on it is never resumed. Its frames are discarded without
    /// unwinding: they belong to the interpreter, or to this library, whose frames own nothing during a wait.
    pub fn into_stack(mut self) -> Stack {
        // SAFETY: the frames own nothing, see `src/binding/mod.rs`. The coroutine is taken once, here.
        let coroutine = unsafe {
            self.coroutine.force_reset();
            ManuallyDrop::take(&mut self.coroutine)
        };
        let size = self.size;
        std::mem::forget(self);
        Stack { memory: coroutine.into_stack(), size }
    }
}

impl Drop for Fiber {
    fn drop(&mut self) {
        // SAFETY: as in `into_stack`. Nothing uses the coroutine afterwards.
        unsafe {
            self.coroutine.force_reset();
            ManuallyDrop::drop(&mut self.coroutine);
        }
    }
}
