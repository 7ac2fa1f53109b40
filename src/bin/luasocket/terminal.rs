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

/// What has become of a line.
pub enum Answer {
    /// It is there; [`Terminal::piece`] has it.
    Line,
    /// The user has given up what was typed, with ^C.
    Dropped,
    /// There are no more lines.
    End,
}

/// A terminal's line editor. It outlives the calls into Lua that use it, and hands a line out in pieces: an error of
/// Lua's frees nothing on its way.
pub struct Terminal {
    editor: OnceCell<Option<RefCell<Editor<Names, FileHistory>>>>,
    line: RefCell<String>,
    lua: Interpreter,
}

impl Terminal {
    /// An editor that is not yet in use.
    pub fn new(lua: Interpreter) -> Self {
        Terminal { editor: OnceCell::new(), line: RefCell::default(), lua }
    }

    /// Whether lines can be edited: a terminal at both ends.
    pub fn is_usable(&self) -> bool {
        self.editor().is_some()
    }

    /// Reads a line after `prompt`.
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

    /// Copies the bytes of the line from `start` on into `piece`, and returns how many.
    pub fn piece(&self, start: usize, piece: &mut [u8]) -> usize {
        let line = self.line.borrow();
        let rest = line.as_bytes().get(start..).unwrap_or_default();
        rest.iter().zip(piece).map(|(byte, place)| *place = *byte).count()
    }

    /// Keeps the history for the next time.
    pub fn keep_history(&self) {
        if let (Some(editor), Some(path)) = (self.editor(), history_path()) {
            // A folder that cannot be written to costs no more than the history.
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
        // None the first time.
        let _ = editor.load_history(&path);
    }
    Some(editor)
}

/// `LUASOCKET_HISTORY`, or a file in the home directory; none when the variable is empty.
fn history_path() -> Option<PathBuf> {
    match std::env::var_os("LUASOCKET_HISTORY") {
        Some(path) => (!path.is_empty()).then(|| path.into()),
        None => Some(PathBuf::from(std::env::var_os("HOME")?).join(".luasocket_history")),
    }
}

/// Completes names of the interpreter's.
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

/// What may stand after a dot.
fn is_name(text: &str) -> bool {
    !text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}
