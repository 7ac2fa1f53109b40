//! The command line, with the rules of the stock `lua`.

use std::ffi::CStr;

use crate::process;

/// An action before the script. Actions run in the given order.
pub enum Action {
    /// `-e stat`
    Execute(&'static CStr),
    /// `-l mod` or `-l name=mod`
    Require(&'static CStr),
    /// `-W`
    Warn,
}

/// The parsed command line.
#[derive(Default)]
pub struct Options {
    /// The position of the script among the arguments.
    pub script: Option<usize>,
    /// The script is `-`, which means standard input.
    pub standard_input: bool,
    /// The actions of `-e`, `-l` and `-W`.
    pub actions: Vec<Action>,
    /// An `-e` was given.
    pub executes: bool,
    /// `-v`, or `-i`, which prints the version too.
    pub version: bool,
    /// `-i`
    pub interactive: bool,
    /// False with `-E`.
    pub environment: bool,
    /// `--help`
    pub help: bool,
}

/// A command line that is not valid.
pub struct Rejected {
    option: &'static CStr,
    lacks_argument: bool,
}

const USAGE: &str = " [options] [script [args]]
Available options are:
  -e stat   execute string 'stat'
  -i        enter interactive mode after executing 'script'
  -l mod    require library 'mod' into global 'mod'
  -l g=mod  require library 'mod' into global 'g'
  -v        show version information
  -E        ignore environment variables
  -W        turn warnings on
  --        stop handling options
  -         stop handling options and execute stdin";

/// The rest of the text of `--help`, after the options of the stock interpreter.
const MORE: &str = "
  --help    show this
  --version show version information

A Lua interpreter with luasocket-rs linked in: require \"socket\", \"socket.http\", \"ssl\" and the other
modules need no installation. Without a script and on a terminal it is interactive.
Environment: LUA_INIT, LUA_PATH, LUA_CPATH as for lua; LUASOCKET_HISTORY names the file of the prompt's
history (default ~/.luasocket_history; empty for none).
";

/// Prints the usage on standard output.
pub fn print_help(program: &CStr) {
    process::write(&[b"usage: ", program.to_bytes(), USAGE.as_bytes(), MORE.as_bytes()]);
}

impl Rejected {
    /// Prints the error and the usage on standard error.
    pub fn report(&self, program: &CStr) {
        let program = program.to_bytes();
        let option = self.option.to_bytes();
        if self.lacks_argument {
            process::write_error(&[program, b": '", option, b"' needs argument"]);
        } else {
            process::write_error(&[program, b": unrecognized option '", option, b"'"]);
        }
        process::write_error(&[b"usage: ", program, USAGE.as_bytes()]);
    }
}

/// Parses the arguments up to the script's name. The later arguments belong to the script.
pub fn parse(arguments: &[&'static CStr]) -> Result<Options, Rejected> {
    let mut options = Options { environment: true, ..Options::default() };
    let mut rest = arguments.iter().copied().enumerate().skip(1);
    while let Some((place, argument)) = rest.next() {
        let (letter, attached) = match argument.to_bytes() {
            [b'-'] => {
                options.script = Some(place);
                options.standard_input = true;
                break;
            }
            // The stock interpreter has neither option, and rejects both.
            b"--help" => {
                options.help = true;
                break;
            }
            b"--version" => {
                options.version = true;
                continue;
            }
            b"--" => {
                options.script = rest.next().map(|(place, _)| place);
                break;
            }
            [b'-', letter, attached @ ..] => (*letter, !attached.is_empty()),
            _ => {
                options.script = Some(place);
                break;
            }
        };
        let rejected = |lacks_argument| Rejected { option: argument, lacks_argument };
        match letter {
            b'e' | b'l' => {
                let value = if attached {
                    argument
                        .to_bytes_with_nul()
                        .get(2..)
                        .and_then(|value| CStr::from_bytes_with_nul(value).ok())
                } else {
                    rest.next().map(|(_, value)| value).filter(|value| !value.to_bytes().starts_with(b"-"))
                };
                let value = value.ok_or(rejected(true))?;
                options.executes |= letter == b'e';
                options.actions.push(if letter == b'e' {
                    Action::Execute(value)
                } else {
                    Action::Require(value)
                });
            }
            _ if attached => return Err(rejected(false)),
            b'i' => {
                options.interactive = true;
                options.version = true;
            }
            b'v' => options.version = true,
            b'E' => options.environment = false,
            b'W' => options.actions.push(Action::Warn),
            _ => return Err(rejected(false)),
        }
    }
    Ok(options)
}
