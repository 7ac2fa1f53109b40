//! Lua files that are compiled at their first use, because most programs use few of them. They are embedded here: a
//! program may have changed its directory, its root or `package.path` by then.

use std::ffi::CStr;

use crate::binding::{Call, Message, Outcome, Raise, native};

macro_rules! files {
    ($($name:literal)*) => {
        /// Name, name in messages, and text of each file.
        const FILES: &[(&str, &CStr, &str)] = &[$(
            ($name, chunk_name(concat!("=socket/late/", $name, ".lua\0")), include_str!(concat!($name, ".lua"))),
        )*];
    };
}

const fn chunk_name(text: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(name) => name,
        Err(_) => c"=socket",
    }
}

files! {
    "ftp" "ftp_replies" "ftp_session"
    "http" "http_authority" "http_chunked" "http_connection" "http_framing" "http_redirect" "http_request"
    "http_tunnel" "https_connection" "tls_config"
    "session" "smtp" "smtp_address" "smtp_fields" "smtp_login" "smtp_message" "starttls" "tp"
}

/// Opens the internal module `socket_late`: a function that compiles a file.
pub fn open(call: &mut Call<'_>) -> Outcome {
    call.push_function(native(compile));
    Ok(1)
}

/// `compile(name, owner)`: the file as a function, which was not called yet. It has the environment of `owner`, a Lua
/// function whose only upvalue is `_ENV`.
fn compile(call: &mut Call<'_>) -> Outcome {
    let wanted = call.bytes(1)?;
    let Some((_, name, text)) = FILES.iter().find(|(name, ..)| name.as_bytes() == wanted) else {
        return Err(Raise::Error(Message::new(
            "luasocket-rs: no such part; install all files from one build",
        )));
    };
    call.compile(name, text, 2);
    Ok(1)
}
