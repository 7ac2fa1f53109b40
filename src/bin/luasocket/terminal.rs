//! The prompt on a terminal: line editing, history and completion.

use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::config::CompletionType;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};

use crate::interpreter::Interpreter;

const KEYWORDS: &[&str] = &[
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
    "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// The result of reading a line.
pub enum Answer {
    /// A line was read. [`Terminal::piece`] returns it.
    Line,
    /// The user discarded the typed text with ^C.
    Dropped,
    /// There are no more lines.
    End,
}

/// The line editor of a terminal. It outlives the calls of Lua that use it. It returns a line in pieces,
/// because an error raised by Lua frees nothing.
pub struct Terminal {
    editor: OnceCell<Option<RefCell<Editor<Names, FileHistory>>>>,
    line: RefCell<String>,
    lua: Interpreter,
}

impl Terminal {
    /// An editor that is created at its first use.
    pub fn new(lua: Interpreter) -> Self {
        Terminal { editor: OnceCell::new(), line: RefCell::default(), lua }
    }

    /// Whether lines can be edited: standard input and output must be terminals.
    pub fn is_usable(&self) -> bool {
        self.editor().is_some()
    }

    /// Shows `prompt` and reads a line.
    pub fn read(&self, prompt: &[u8]) -> Answer {
        let Some(editor) = self.editor() else { return Answer::End };
        let prompt = String::from_utf8_lossy(prompt);
        match editor.borrow_mut().readline(prompt.as_ref()) {
            Ok(line) => {
                self.line.replace(line);
                Answer::Line
            }
            Err(ReadlineError::Interrupted) => Answer::Dropped,
            Err(_) => Answer::End,
        }
    }

    /// Copies the bytes of the line from `start` on into `piece`. Returns the number of bytes.
    pub fn piece(&self, start: usize, piece: &mut [u8]) -> usize {
        let line = self.line.borrow();
        let rest = line.as_bytes().get(start..).unwrap_or_default();
        rest.iter().zip(piece).map(|(byte, place)| *place = *byte).count()
    }

    /// Saves the history for the next run.
    pub fn keep_history(&self) {
        if let (Some(editor), Some(path)) = (self.editor(), history_path()) {
            // If the folder is not writable, only the history is lost.
            let _ = editor.borrow_mut().append_history(&path);
        }
    }

    fn editor(&self) -> Option<&RefCell<Editor<Names, FileHistory>>> {
        self.editor.get_or_init(|| make_editor(self.lua).map(RefCell::new)).as_ref()
    }
}

fn make_editor(lua: Interpreter) -> Option<Editor<Names, FileHistory>> {
    use std::io::IsTerminal;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return None;
    }
    let config = Config::builder().auto_add_history(true).completion_type(CompletionType::List).build();
    let mut editor = Editor::with_config(config).ok()?;
    editor.set_helper(Some(Names { lua }));
    if let Some(path) = history_path() {
        // There is no file the first time.
        let _ = editor.load_history(&path);
    }
    Some(editor)
}

/// `LUASOCKET_HISTORY`, or a file in the home directory. `None` when the variable is empty.
fn history_path() -> Option<PathBuf> {
    match std::env::var_os("LUASOCKET_HISTORY") {
        Some(path) => (!path.is_empty()).then(|| path.into()),
        None => {
            let home = std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
            Some(PathBuf::from(home).join(".luasocket_history"))
        }
    }
}

/// Completes names from the interpreter.
struct Names {
    lua: Interpreter,
}

impl Helper for Names {}
impl Hinter for Names {
    type Hint = String;
}
impl Highlighter for Names {}
impl Validator for Names {}

impl Completer for Names {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..position).unwrap_or_default();
        let is_part = |character: char| character.is_ascii_alphanumeric() || "_.:".contains(character);
        let start = before.char_indices().rev().take_while(|(_, character)| is_part(*character)).last();
        let word = start.and_then(|(start, _)| before.get(start..)).unwrap_or_default();
        let is_module = before
            .strip_suffix(word)
            .and_then(|rest| rest.strip_suffix(['"', '\'']))
            .is_some_and(|rest| rest.trim_end().trim_end_matches('(').trim_end().ends_with("require"));
        let (typed, mut names) = if is_module {
            let mut names = self.lua.names(&[b"package", b"preload"]);
            names.extend(self.lua.names(&[b"package", b"loaded"]));
            (word, names)
        } else {
            let cut = word.rfind(['.', ':']);
            let (path, typed) = match cut {
                Some(cut) => (word.get(..cut), word.get(cut + 1..).unwrap_or_default()),
                None => (None, word),
            };
            let path: Vec<&[u8]> =
                path.iter().flat_map(|path| path.split(['.', ':'])).map(str::as_bytes).collect();
            let mut names = self.lua.names(&path);
            names.retain(|name| is_name(name));
            if path.is_empty() {
                names.extend(KEYWORDS.iter().map(|word| (*word).to_owned()));
            }
            (typed, names)
        };
        names.retain(|name| name.starts_with(typed));
        names.sort();
        names.dedup();
        Ok((position - typed.len(), names))
    }
}

/// Whether a text may follow a dot.
fn is_name(text: &str) -> bool {
    !text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}
