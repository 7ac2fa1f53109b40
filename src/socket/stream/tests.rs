//! The results must not depend on how a stream is split, nor on time limits that expire in between.

#![allow(clippy::indexing_slicing, clippy::panic)]

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::corpus::unescape;

/// A transport that follows a script: pieces of data, and reads that time out.
struct Scripted {
    steps: VecDeque<Option<Vec<u8>>>,
}

impl Transport for Scripted {
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        match self.steps.front_mut() {
            None => Err(Stop::Failed(Failure::Closed)),
            Some(None) => Err(Stop::WouldBlock(Direction::Read)),
            Some(Some(piece)) => {
                let count = piece.len().min(limit);
                into.extend(piece.drain(..count));
                if piece.is_empty() {
                    self.steps.pop_front();
                }
                Ok(count)
            }
        }
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        Ok(data.len())
    }
}

impl Waiting for Scripted {
    fn wait(&mut self, _: &Deadline) -> Result<(), Failure> {
        self.steps.pop_front();
        Err(Failure::Timeout)
    }
}

/// A transport that also simulates the waits.
trait Waiting: Transport {
    fn wait(&mut self, deadline: &Deadline) -> Result<(), Failure>;
}

/// Receives as socket objects do: stops where the stream would block, waits, and continues.
fn receive_waiting(
    stream: &mut Stream,
    transport: &mut impl Waiting,
    request: &Request<'_>,
    timeout: Timeout,
    inline: &mut InlineBuffer,
) -> Received {
    let mut progress = Progress::NEW;
    loop {
        match stream.receive(transport, request, timeout, &mut progress, inline) {
            Ok(received) => return received,
            Err((_, deadline)) => {
                if let Err(failure) = transport.wait(&deadline) {
                    return stream.abandon(request, &progress, failure);
                }
            }
        }
    }
}

/// One `receive` as scripts see it: the data, and the reason if it is not complete.
fn receive(
    stream: &mut Stream,
    transport: &mut Scripted,
    request: &Request<'_>,
) -> (Vec<u8>, Option<Failure>) {
    let mut inline = InlineBuffer::new();
    let received = receive_waiting(stream, transport, request, Timeout::default(), &mut inline);
    assert!(received.large.is_empty() || inline.is_empty(), "one of the two holds the result");
    (received.data(&inline).to_vec(), received.failure)
}

/// Patterns and the size limits of their results.
type Requests = Vec<(Pattern, usize)>;

/// The result of each request.
type Results = Vec<(Vec<u8>, Option<Failure>)>;

/// Returns the results of a list of requests. When a time limit expires, the request is repeated with the
/// partial result as prefix.
fn conversation(steps: VecDeque<Option<Vec<u8>>>, requests: &[(Pattern, usize)]) -> Results {
    let (mut stream, mut transport) = (Stream::default(), Scripted { steps });
    let mut results = Vec::new();
    for &(pattern, limit) in requests {
        let mut data = Vec::new();
        let failure = loop {
            let request = Request { prefix: &data, limit, ..Request::new(pattern) };
            let (more, failure) = receive(&mut stream, &mut transport, &request);
            data = more;
            if failure != Some(Failure::Timeout) {
                break failure;
            }
            assert!(data.len() < limit, "add.4: a partial with \"timeout\" is shorter than the limit");
        };
        results.push((data, failure));
    }
    results
}

/// The results that the contract requires for each request, if the whole stream is available.
fn expected(mut rest: &[u8], requests: &[(Pattern, usize)]) -> Results {
    let mut results = Vec::new();
    for &(pattern, _) in requests {
        let (taken, data, complete) = match pattern {
            Pattern::Line => {
                let end = rest.iter().position(|&byte| byte == b'\n');
                let line = &rest[..end.unwrap_or(rest.len())];
                let data = line.iter().copied().filter(|&byte| byte != b'\r').collect();
                (end.map_or(rest.len(), |end| end + 1), data, end.is_some())
            }
            Pattern::Count(wanted) => {
                let count = wanted.min(rest.len());
                (count, rest[..count].to_vec(), count == wanted && !rest.is_empty())
            }
            Pattern::All => (rest.len(), rest.to_vec(), !rest.is_empty()),
            Pattern::Most(_) => panic!("the number of bytes depends on how they arrive"),
        };
        rest = &rest[taken..];
        results.push((data, (!complete).then_some(Failure::Closed)));
    }
    results
}

/// The streams of the corpus and their requests. The format is described in corpus.txt.
fn corpus() -> Vec<(Vec<u8>, Requests)> {
    let pattern = |word: &str| match word {
        "l" => Pattern::Line,
        "a" => Pattern::All,
        count => Pattern::Count(count.parse().unwrap_or_else(|_| panic!("a request: {word}"))),
    };
    let entry = |line: &str| {
        let (words, stream) = line.split_once(':').unwrap_or_else(|| panic!("requests, a colon: {line}"));
        (unescape(stream), words.split(' ').map(|word| (pattern(word), usize::MAX)).collect())
    };
    include_str!("corpus.txt").lines().filter(|line| !line.starts_with('#')).map(entry).collect()
}

/// Bytes with many line ends, or streams of the corpus with some of these bytes in between. Sometimes there
/// are more bytes than a buffer holds.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let streams: Vec<_> = corpus().into_iter().map(|(stream, _)| stream).collect();
    let byte = prop_oneof![4 => any::<u8>(), 2 => Just(b'\n'), 1 => Just(b'\r'), 1 => Just(0)];
    let long = (any::<u8>(), 1..200_000_usize)
        .prop_map(|(byte, count)| (0..count).map(|place| (place % 251) as u8 ^ byte).collect());
    let damage = proptest::collection::vec(byte.clone(), 0..3);
    let piece = (proptest::sample::select(streams), damage).prop_map(|pieces| [pieces.0, pieces.1].concat());
    let known = proptest::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat());
    let few = prop_oneof![proptest::collection::vec(byte, 0..200), known].boxed();
    prop_oneof![6 => few.clone(), 1 => (few.clone(), long, few).prop_map(|(a, b, c)| [a, b, c].concat())]
}

/// Cuts a stream at the given places, which are shares of its length. The time limit may expire between two
/// pieces.
fn cut(data: &[u8], places: &[(u16, bool)]) -> VecDeque<Option<Vec<u8>>> {
    let mut places: Vec<_> =
        places.iter().map(|&(share, expires)| (usize::from(share) * data.len() / 65536, expires)).collect();
    places.sort_unstable();
    let mut steps = VecDeque::new();
    let mut start = 0;
    for (place, expires) in places {
        if place > start {
            steps.push_back(Some(data[start..place].to_vec()));
            start = place;
        }
        if expires {
            steps.push_back(None);
        }
    }
    if start < data.len() {
        steps.push_back(Some(data[start..].to_vec()));
    }
    steps
}

fn patterns() -> impl Strategy<Value = Requests> {
    let pattern = prop_oneof![
        4 => Just(Pattern::Line),
        3 => (1..300_usize).prop_map(Pattern::Count),
        1 => (1..300_000_usize).prop_map(Pattern::Count),
        1 => Just(Pattern::All),
    ];
    let any = proptest::collection::vec(pattern.prop_map(|pattern| (pattern, usize::MAX)), 1..20);
    let known: Vec<_> = corpus().into_iter().map(|(_, requests)| requests).collect();
    prop_oneof![2 => any, 1 => proptest::sample::select(known)]
}

/// A transport that returns one piece after the other. Each comes after a wait, whose deadline is recorded.
struct Noting {
    pieces: VecDeque<usize>,
    must_wait: bool,
    deadlines: Vec<Deadline>,
}

impl Transport for Noting {
    fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, Stop> {
        let Some(piece) = self.pieces.front_mut() else { return Err(Stop::Failed(Failure::Closed)) };
        if std::mem::take(&mut self.must_wait) {
            return Err(Stop::WouldBlock(Direction::Read));
        }
        let count = limit.min(*piece);
        into.resize(into.len() + count, b'x');
        *piece -= count;
        if *piece == 0 {
            self.pieces.pop_front();
            self.must_wait = true;
        }
        Ok(count)
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, Stop> {
        Ok(data.len())
    }
}

impl Waiting for Noting {
    fn wait(&mut self, deadline: &Deadline) -> Result<(), Failure> {
        self.deadlines.push(*deadline);
        Ok(())
    }
}

/// For each wait: how many bytes of the result had arrived, and whether the deadline was that of the previous
/// wait.
fn waits(pattern: Pattern, piece: Option<usize>, pieces: &[usize]) -> Vec<(usize, bool)> {
    let mut transport =
        Noting { pieces: pieces.iter().copied().collect(), must_wait: true, deadlines: Vec::new() };
    let request = Request { piece: piece.and_then(NonZeroUsize::new), ..Request::new(pattern) };
    let timeout = Timeout { block: 5.0, total: -1.0 };
    let mut stream = Stream::default();
    let received = receive_waiting(&mut stream, &mut transport, &request, timeout, &mut InlineBuffer::new());
    assert_eq!(received.failure, None);
    let totals = pieces.iter().scan(0, |total, piece| Some(std::mem::replace(total, *total + piece)));
    let same = transport.deadlines.iter().scan(None, |before, deadline| {
        Some(before.replace(*deadline).is_none_or(|before| before == *deadline))
    });
    totals.zip(same).collect()
}

#[test]
fn the_time_limit_of_a_whole_body_counts_anew_for_each_piece() {
    let pieces = [1, 2047, 2000, 47, 1, 10_000, 300_000, 5];
    let restarts = [(0, true), (1, true), (2048, false), (4048, true), (4095, true), (4096, false)];
    for pattern in [Pattern::Count(pieces.iter().sum()), Pattern::All] {
        let waits = waits(pattern, Some(2048), &pieces);
        assert_eq!(waits[..6], restarts, "{pattern:?}");
        assert_eq!(waits[6..], [(14_096, false), (314_096, false)], "{pattern:?}");
    }
}

#[test]
fn the_time_limit_counts_from_the_start_otherwise() {
    let pieces = [1, 2047, 2000, 300_000];
    for pattern in [Pattern::Count(pieces.iter().sum()), Pattern::All] {
        assert!(waits(pattern, None, &pieces).iter().all(|&(_, same)| same), "time.4: {pattern:?}");
    }
}

/// The pieces between some places, in order. With `expires`, the time limit expires before each piece but the
/// first. It does not expire between the last byte and the end: "*a" with only a prefix is no success
/// (tcp.receive.6).
fn pieces(data: &[u8], places: &[usize], expires: bool) -> VecDeque<Option<Vec<u8>>> {
    let starts = std::iter::once(0).chain(places.iter().copied());
    let ends = places.iter().copied().chain(std::iter::once(data.len()));
    let mut steps = VecDeque::new();
    for (start, end) in starts.zip(ends) {
        if start < end {
            steps.push_back(Some(data[start..end].to_vec()));
        }
        if expires && end < data.len() {
            steps.push_back(None);
        }
    }
    steps
}

#[test]
fn every_stream_of_the_corpus_split_anywhere() {
    let corpus = corpus();
    assert!(corpus.len() >= 80);
    for (stream, requests) in corpus {
        let expected = expected(&stream, &requests);
        let check = |places: &[usize]| {
            for expires in [false, true] {
                let got = conversation(pieces(&stream, places, expires), &requests);
                assert_eq!(got, expected, "{} {requests:?} {places:?} {expires}", stream.escape_ascii());
            }
        };
        let pairs = stream.len() <= 80;
        for first in 0..=stream.len() {
            check(&[first]);
            (first + 1..=stream.len()).filter(|_| pairs).for_each(|second| check(&[first, second]));
        }
        check(&(1..stream.len()).collect::<Vec<_>>());
    }
}

/// Puts the end of the buffer at each byte of the stream. The bytes before the stream are read by a count, or
/// they belong to the first result.
#[test]
fn every_stream_of_the_corpus_at_the_end_of_the_buffer() {
    for (stream, requests) in corpus() {
        for at in 0..=stream.len() {
            let lead = BUFFER - at;
            let data = [vec![b'x'; lead], stream.clone()].concat();
            let after = [vec![(Pattern::Count(lead), usize::MAX)], requests.clone()].concat();
            for requests in [&requests, &after] {
                let got = conversation(pieces(&data, &[], false), requests);
                assert!(got == expected(&data, requests), "{} {requests:?} {at}", stream.escape_ascii());
            }
        }
    }
}

proptest! {
    #[test]
    fn any_split_gives_what_the_whole_gives(
        data in bytes(),
        places in proptest::collection::vec(any::<(u16, bool)>(), 0..30),
        requests in patterns(),
    ) {
        prop_assert_eq!(conversation(cut(&data, &places), &requests), expected(&data, &requests));
    }

    #[test]
    fn a_prefix_goes_in_front_and_is_not_searched(
        data in bytes(),
        places in proptest::collection::vec(any::<(u16, bool)>(), 0..10),
        prefix in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n')], 0..50),
        (kind, count) in (0..3, 1..300_usize),
    ) {
        let pattern = |extra| match kind {
            0 => Pattern::Line,
            1 => Pattern::All,
            _ => Pattern::Count(count + extra),
        };
        let steps: VecDeque<_> = cut(&data, &places).into_iter().filter(Option::is_some).collect();
        let request = Request { prefix: &prefix, ..Request::new(pattern(prefix.len())) };
        let (got, failure) =
            receive(&mut Stream::default(), &mut Scripted { steps: steps.clone() }, &request);
        let plain = Request::new(pattern(0));
        let (without, plain_failure) = receive(&mut Stream::default(), &mut Scripted { steps }, &plain);
        prop_assert_eq!(got, [prefix.clone(), without].concat());
        if !data.is_empty() {
            prop_assert_eq!(failure, plain_failure);
        }
    }

    #[test]
    fn a_limit_loses_no_byte(
        data in bytes(),
        places in proptest::collection::vec(any::<(u16, bool)>(), 0..30),
        limits in proptest::collection::vec((any::<bool>(), 1..400_usize), 1..40),
    ) {
        let requests: Vec<_> = limits
            .iter()
            .map(|&(line, limit)| (if line { Pattern::Line } else { Pattern::All }, limit))
            .collect();
        let results = conversation(cut(&data, &places), &requests);
        let mut rest = data.iter().copied().filter(|&byte| byte != b'\r' && byte != b'\n');
        for ((text, failure), &(_, limit)) in results.iter().zip(&requests) {
            prop_assert!(text.len() <= limit);
            prop_assert!(matches!(failure, None | Some(Failure::Oversized | Failure::Closed)));
            for byte in text.iter().filter(|&&byte| byte != b'\r' && byte != b'\n') {
                prop_assert_eq!(rest.next(), Some(*byte), "bytes come in order, none is missing");
            }
        }
    }

    #[test]
    fn sent_bytes_are_counted(data in bytes()) {
        let mut stream = Stream::default();
        let (sent, stop) = stream.send(&mut Scripted { steps: VecDeque::new() }, &data);
        prop_assert_eq!((sent, stop.is_none()), (data.len(), true));
        prop_assert_eq!(stream.stats().1, data.len() as i64);
    }
}

#[test]
fn an_idle_stream_holds_no_buffer() {
    let mut stream = Stream::default();
    let mut transport = Scripted { steps: [Some(b"one\ntwo\n".to_vec()), None].into() };
    let mut next_line = |stream: &mut Stream| {
        let request = Request::new(Pattern::Line);
        let mut progress = Progress::NEW;
        stream
            .receive(&mut transport, &request, Timeout::default(), &mut progress, &mut InlineBuffer::new())
            .map(|_| ())
    };
    assert!(next_line(&mut stream).is_ok());
    assert!(stream.is_dirty() && stream.buffer.capacity() > 0);
    assert!(next_line(&mut stream).is_ok());
    assert_eq!(stream.buffer.capacity(), 0);
    // Nor while it waits for more.
    assert!(next_line(&mut stream).is_err());
    assert_eq!(stream.buffer.capacity(), 0);
}
