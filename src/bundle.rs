//! The files of `lua/`, embedded for the Lua states of Rust programs.

use mlua::{Function, Lua, Result, Table};

use crate::entry;

/// Path and text of every module written in Lua. The build script generates the list.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/lua_files.rs"));

/// Fills `package.preload`. A file is compiled when it is first required.
pub fn preload(lua: &Lua) -> Result<()> {
    let preload: Table = lua.globals().get::<Table>("package")?.get("preload")?;
    let paths = lua.create_sequence_from(FILES.iter().map(|(path, _)| *path))?;
    let text = lua.create_function(|lua, wanted: String| {
        let file = FILES.iter().find(|(path, _)| *path == wanted);
        file.map(|(_, text)| lua.create_string(text)).transpose()
    })?;
    let fill: Function = lua.load(include_str!("bundle.lua")).set_name("=luasocket").into_function()?;
    fill.call((preload, paths, text, entry::openers(lua)?))
}
