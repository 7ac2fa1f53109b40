//! Properties of the decoders that hold for any bytes, for `fuzz/`.

use super::decoder::Decoder;

const MOST: usize = 1 << 20;

/// The first byte selects the coding of the rest. No write exceeds the buffer, and every call ends.
pub fn body(data: &[u8]) {
    const NAMES: [&[u8]; 4] = [b"gzip", b"deflate", b"br", b"zstd"];
    let Some((&choice, body)) = data.split_first() else { return };
    let name = NAMES.get(usize::from(choice) % NAMES.len()).copied().unwrap_or_default();
    let Some(mut decoder) = Decoder::new(name) else { return };
    let (mut out, mut total) = ([0; 4096], 0);
    for piece in body.chunks(97) {
        if !decoder.push(piece) {
            return;
        }
        loop {
            match decoder.decode(&mut out) {
                Ok(0) => break,
                Ok(count) => total += count,
                Err(_) => return,
            }
            if total > MOST {
                return;
            }
        }
    }
    let _ = decoder.finish();
}
