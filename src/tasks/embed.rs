//! Tasks of a Lua state that a Rust program runs.
#![allow(unsafe_code)]

#[cfg(any(epoll, kqueue))]
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use mlua::{Function, IntoLuaMulti, Lua, MultiValue, Result, Table};

/// The tasks of a Lua state. Code that waits runs concurrently and needs no changes.
///
/// A program may leave the waiting to [`Tasks::run`]. Or it may run the tasks from its own event loop: wait
/// until the descriptor (`AsFd`) is readable, for at most [`Tasks::timeout`], and then call
/// [`Tasks::step`]. Windows does not have the descriptor. There, call `step` again and again.
///
/// ```
/// use std::time::Duration;
///
/// let lua = mlua::Lua::new();
/// luasocket::preload(&lua)?;
/// let tasks = luasocket::Tasks::new(&lua)?;
/// for seconds in [0.02, 0.01] {
///     let script = r#"local seconds = ... require("socket").sleep(seconds) order = (order or "") .. seconds .. " ""#;
///     tasks.start(lua.load(script).into_function()?, seconds)?;
/// }
/// while tasks.step(Some(Duration::from_millis(5)))? > 0 {
///     // the program's own work
/// }
/// let order: String = lua.globals().get("order")?;
/// assert_eq!(order, "0.01 0.02 ");
/// # Ok::<(), mlua::Error>(())
/// ```
///
/// A state may move to another thread only between two steps.
///
/// # Rust functions that call Lua
///
/// mlua records the running coroutine on entry to a Rust function made with it. On return it restores the old
/// one. This goes wrong when such a function calls Lua code that waits, and another such function is
/// entered meanwhile. Wrap the call in [`Tasks::without_switching`].
#[derive(Clone, Debug)]
pub struct Tasks {
    start: Function,
    step: Function,
    run: Function,
    timeout: Function,
    block: Function,
    #[cfg(any(epoll, kqueue))]
    number: i32,
}

impl Tasks {
    /// The tasks of a Lua state. Call [`preload`](crate::preload) on the state first.
    ///
    /// # Errors
    ///
    /// If the modules cannot be required, or the process has no descriptor left.
    pub fn new(lua: &Lua) -> Result<Tasks> {
        let require: Function = lua.globals().get("require")?;
        let tasks: Table = require.call("socket.tasks")?;
        let open: Function = require.call("socket.native")?;
        let native: Table = open.call("socket_tasks")?;
        #[cfg(any(epoll, kqueue))]
        let (number, problem): (Option<i32>, Option<String>) = tasks.get::<Function>("getfd")?.call(())?;
        #[cfg(any(epoll, kqueue))]
        let number = number
            .filter(|number| *number >= 0)
            .ok_or_else(|| mlua::Error::runtime(problem.unwrap_or_default()))?;
        Ok(Tasks {
            start: tasks.get("start")?,
            step: tasks.get("step")?,
            run: tasks.get("run")?,
            timeout: tasks.get("timeout")?,
            block: native.get("block")?,
            #[cfg(any(epoll, kqueue))]
            number,
        })
    }

    /// Starts a task. It runs at its turn.
    ///
    /// # Errors
    ///
    /// If there are too many tasks.
    pub fn start(&self, function: Function, arguments: impl IntoLuaMulti) -> Result<()> {
        // The bound function is the first argument, so the other arguments need no conversion here.
        self.start.bind(function)?.call::<MultiValue>(arguments).map(drop)
    }

    /// Runs one turn. Each task that is ready runs once. Then the events of descriptors and the expired times
    /// are collected. When nothing is ready, waits for at most `timeout`; `None` means no limit. Returns the
    /// number of tasks that have not ended.
    ///
    /// # Errors
    ///
    /// If it is called from a task, or no stack can be allocated. Errors in tasks go to `onerror`.
    pub fn step(&self, timeout: Option<Duration>) -> Result<usize> {
        self.step.call(timeout.map_or(-1.0, |timeout| timeout.as_secs_f64()))
    }

    /// Runs tasks until all have ended.
    ///
    /// # Errors
    ///
    /// If it is called from a task, no stack can be allocated, or no task can continue.
    pub fn run(&self) -> Result<()> {
        self.run.call(())
    }

    /// The time until the next time limit. Zero when a task is ready, `None` when no limit is pending.
    pub fn timeout(&self) -> Option<Duration> {
        let seconds: Option<f64> = self.timeout.call(()).ok()?;
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }

    /// Calls a closure in which waits block the thread, as outside tasks. Other tasks do not run meanwhile.
    pub fn without_switching<R>(&self, function: impl FnOnce() -> R) -> R {
        /// Allows switching again, also when the closure panics.
        struct Again<'a>(&'a Function);
        impl Drop for Again<'_> {
            fn drop(&mut self) {
                let _ = self.0.call::<()>(false);
            }
        }
        let blocked = self.block.call::<()>(true).is_ok();
        let _again = blocked.then_some(Again(&self.block));
        function()
    }
}

#[cfg(any(epoll, kqueue))]
impl AsFd for Tasks {
    /// The descriptor that is readable while a task can continue.
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor exists as long as the state, and `self` keeps the state alive. `new` has
        // checked the number.
        unsafe { BorrowedFd::borrow_raw(self.number) }
    }
}
