//! Connects to a name that has several addresses (RFC 8305). The attempts start one after another and run in
//! parallel until one connects. The race is stored in the object, so that a wait loses no part of it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use arrayvec::ArrayVec;
use rustix::event::PollFlags;
use socket2::{SockAddr, SockRef};

use super::descriptor::Descriptor;
use super::error::Failure;
use super::family::Family;
use super::inet;
use super::recorded::Recorded;
use super::timeout::{Deadline, Wait};
use crate::sys;
use crate::sys::libc;
use crate::tasks::door;
use crate::tasks::interest::Interest;

/// The time for which an attempt runs alone before the next one starts ("Connection Attempt Delay", RFC 8305, section
/// 5).
const DELAY: Duration = Duration::from_millis(250);
/// The maximum number of parallel attempts besides the one on the object's descriptor. A new attempt replaces
/// the oldest.
const MOST: usize = door::MOST - 1;

/// An attempt that has no result yet.
#[derive(Debug)]
struct Attempt {
    family: Family,
    /// Its position in the order of starts.
    order: usize,
}

/// The result of a step.
#[derive(Debug)]
pub enum Step {
    /// The race is over. The object's descriptor is connected to an address of this family, or no attempt
    /// succeeded.
    Done(Result<Family, Failure>),
    /// Nothing can be done until an attempt has a result or the next attempt is due.
    Wait(Watched),
}

/// The descriptors and the time to wait for.
#[derive(Debug)]
pub struct Watched {
    /// Descriptors that become writable when their attempts have a result.
    pub interests: ArrayVec<Interest, { door::MOST }>,
    /// When the next attempt starts.
    pub until: Option<Instant>,
}

/// The attempts to connect one object.
#[derive(Debug)]
pub struct Race {
    target: Vec<u8>,
    addresses: Vec<SocketAddr>,
    next: usize,
    /// The attempt on the object's descriptor.
    own: Option<Attempt>,
    others: ArrayVec<(Descriptor, Attempt), MOST>,
    /// When the next attempt starts. A failure clears it, so that the next attempt starts at once.
    next_start: Option<Instant>,
    /// The start position and the failure of the earliest attempt that failed.
    failure: Option<(usize, Failure)>,
    /// The address that the object's descriptor is bound to. No other attempt can use the same address.
    bound: Option<SockAddr>,
    /// Whether to use the object's descriptor. If not, the first attempt creates one.
    given: bool,
}

impl Race {
    /// A race that has not started. `given`: whether the object's descriptor already has the family of the
    /// addresses.
    pub fn new(target: Vec<u8>, addresses: Vec<SocketAddr>, own: &Descriptor, given: bool) -> Self {
        Race {
            target,
            addresses: interleave(addresses),
            next: 0,
            own: None,
            others: ArrayVec::new(),
            next_start: None,
            failure: None,
            bound: if given { bound_address(own) } else { None },
            given,
        }
    }

    /// Whether the race is for this host and service.
    pub fn is_for(&self, target: &[u8]) -> bool {
        self.target == target
    }

    /// Whether a further call has work to do that the system does not do by itself.
    pub fn goes_on(&self) -> bool {
        self.addresses.len() > 1
    }

    /// The family of an object that no attempt has connected. A non-blocking object gets the family of its
    /// only attempt, as in LuaSocket. After several attempts the family is as undecided as before.
    pub fn family_after_failure(&self, family: Family, deadline: &Deadline) -> Family {
        match self.addresses.as_slice() {
            [address] if deadline.is_nonblocking() => Family::of(address),
            _ if self.given => family,
            _ => Family::Unspecified,
        }
    }

    /// The number of attempts started.
    pub fn started(&self) -> usize {
        self.next
    }

    /// The family of the attempt on the object's descriptor.
    pub fn own_family(&self) -> Option<Family> {
        self.own.as_ref().map(|attempt| attempt.family)
    }

    /// Does everything that is possible without waiting. `polled`: the descriptors of the last
    /// [`Step::Wait`] with their events, if these have just been polled.
    pub fn step(
        &mut self,
        own: &mut Descriptor,
        options: &Recorded,
        deadline: &Deadline,
        polled: Option<&[Interest]>,
    ) -> Step {
        if let Some(family) = self.look(own, polled) {
            return Step::Done(Ok(family));
        }
        loop {
            let pending = self.own.is_some() || !self.others.is_empty();
            let due = match self.next_start {
                Some(start) if pending => Instant::now() >= start,
                _ => true,
            };
            let Some(address) = self.addresses.get(self.next).copied().filter(|_| due) else {
                if pending {
                    return Step::Wait(self.watched(own));
                }
                let failure =
                    self.failure.map_or(Failure::Text("no info on address"), |(_, failure)| failure);
                return Step::Done(Err(failure));
            };
            if self.bound.is_some() && pending {
                self.fail_own(Failure::Timeout);
            }
            let attempt = Attempt { family: Family::of(&address), order: self.next };
            self.next += 1;
            match self.start(own, options, &address, attempt) {
                Started::Connected(family) => return Step::Done(Ok(family)),
                Started::Pending => self.next_start = self.time_of_next(deadline),
                Started::Failed => {}
                Started::Impossible(failure) => return Step::Done(Err(failure)),
                Started::NoDescriptor => {
                    self.next -= 1;
                    self.next_start = Instant::now().checked_add(DELAY);
                }
            }
        }
    }

    /// Ends the call while attempts are under way. The object gets the latest attempt, so that its owner can
    /// wait for the result. The others are closed, unless a further call is to continue them.
    pub fn pause(&mut self, own: &mut Descriptor, keep_others: bool) {
        let own_order = self.own.as_ref().map(|attempt| attempt.order);
        if self.others.last().is_some_and(|(_, attempt)| own_order.is_none_or(|order| order < attempt.order))
            && let Some((descriptor, attempt)) = self.others.pop()
        {
            match self.own.replace(attempt) {
                Some(earlier) if keep_others => {
                    let earlier_descriptor = std::mem::replace(own, descriptor);
                    let place = self.others.partition_point(|(_, other)| other.order < earlier.order);
                    // There is room, because an attempt was just removed.
                    let _ = self.others.try_insert(place, (earlier_descriptor, earlier));
                }
                _ => own.take_over(descriptor),
            }
        }
        if !keep_others {
            self.others.clear();
        }
    }

    /// Collects the available results. Returns the family of an attempt that has connected.
    fn look(&mut self, own: &mut Descriptor, polled: Option<&[Interest]>) -> Option<Family> {
        let mut interests = self.watched(own).interests;
        match polled {
            Some(polled) if polled.len() == interests.len() => interests.copy_from_slice(polled),
            _ if interests.is_empty() => return None,
            _ if !door::look(&mut interests).is_ok_and(|ready| ready > 0) => return None,
            _ => {}
        }
        let mut ready = interests.iter().map(|interest| interest.found());
        if self.own.is_some() {
            match outcome(own, ready.next().unwrap_or(PollFlags::empty())) {
                None => {}
                Some(Ok(())) => {
                    self.others.clear();
                    return self.own.take().map(|attempt| attempt.family);
                }
                Some(Err(failure)) => self.fail_own(failure),
            }
        }
        let mut winner = None;
        let mut failures: ArrayVec<(usize, Failure), MOST> = ArrayVec::new();
        let mut place = 0;
        self.others.retain(|(descriptor, attempt)| {
            let flags = ready.next().unwrap_or(PollFlags::empty());
            let keep = match outcome(descriptor, flags) {
                Some(Err(failure)) => {
                    failures.push((attempt.order, failure));
                    false
                }
                Some(Ok(())) => {
                    winner.get_or_insert(place);
                    true
                }
                None => true,
            };
            place += usize::from(keep);
            keep
        });
        for (order, failure) in failures {
            self.fail(order, failure);
        }
        let (descriptor, attempt) = self.others.pop_at(winner?)?;
        self.others.clear();
        self.own = None;
        own.take_over(descriptor);
        Some(attempt.family)
    }

    /// Starts an attempt, on the object's descriptor if that is free.
    fn start(
        &mut self,
        own: &mut Descriptor,
        options: &Recorded,
        address: &SocketAddr,
        attempt: Attempt,
    ) -> Started {
        let family = attempt.family;
        if self.bound.is_some() || self.given && attempt.order == 0 {
            let reset = match &self.bound {
                Some(name) if attempt.order > 0 => reset(own, name),
                _ => Ok(()),
            };
            return match reset.and_then(|()| begin(own, address)) {
                Ok(true) => Started::Connected(family),
                Ok(false) => {
                    self.own = Some(attempt);
                    Started::Pending
                }
                // The object itself cannot be connected, to any address.
                Err(failure @ Failure::Errno(libc::EISCONN | libc::EALREADY | libc::EBADF)) => {
                    Started::Impossible(failure)
                }
                Err(failure) => {
                    self.fail(attempt.order, failure);
                    Started::Failed
                }
            };
        }
        let pending = self.own.is_some() || !self.others.is_empty();
        let made = match options.descriptor(family) {
            Err(Failure::Errno(libc::EMFILE | libc::ENFILE)) if pending => return Started::NoDescriptor,
            Err(Failure::Errno(libc::EMFILE | libc::ENFILE)) if !own.is_none() => {
                own.close();
                options.descriptor(family)
            }
            made => made,
        };
        let mut other = Descriptor::NONE;
        let place = if self.own.is_none() { &mut *own } else { &mut other };
        let begun = made.and_then(|descriptor| {
            // The object keeps the descriptor of a failed attempt (contract tcp.connect.6).
            place.take_over(descriptor);
            begin(place, address)
        });
        match begun {
            Ok(true) => {
                if self.own.take().is_some() {
                    own.take_over(other);
                }
                self.others.clear();
                Started::Connected(family)
            }
            Ok(false) if self.own.is_none() => {
                self.own = Some(attempt);
                Started::Pending
            }
            Ok(false) => {
                if self.others.is_full() {
                    self.others.remove(0);
                }
                self.others.push((other, attempt));
                Started::Pending
            }
            Err(failure) => {
                self.fail(attempt.order, failure);
                Started::Failed
            }
        }
    }

    /// Returns when the attempt after the one just started is due: after [`DELAY`], or for a bound descriptor
    /// when its share of the time is used up.
    fn time_of_next(&self, deadline: &Deadline) -> Option<Instant> {
        let waiting = self.addresses.len().saturating_sub(self.next);
        if waiting == 0 {
            return None;
        }
        if self.bound.is_none() {
            return Instant::now().checked_add(DELAY);
        }
        match deadline.remaining() {
            Wait::For(left) => {
                Instant::now().checked_add(left / u32::try_from(waiting + 1).unwrap_or(u32::MAX))
            }
            // The system ends an attempt after its own time limit.
            Wait::Forever | Wait::No => Instant::now().checked_add(Duration::from_secs(86400)),
        }
    }

    fn watched(&self, own: &Descriptor) -> Watched {
        let interest = |descriptor: &Descriptor| {
            Interest::new(descriptor.number(), descriptor.identity(), sys::READABLE | PollFlags::OUT)
        };
        let mut interests = ArrayVec::new();
        if self.own.is_some() {
            interests.push(interest(own));
        }
        interests.extend(self.others.iter().map(|(descriptor, _)| interest(descriptor)));
        Watched { interests, until: self.next_start.filter(|_| self.next < self.addresses.len()) }
    }

    fn fail_own(&mut self, failure: Failure) {
        if let Some(attempt) = self.own.take() {
            self.fail(attempt.order, failure);
        }
    }

    /// Records a failure. The next attempt starts at once.
    fn fail(&mut self, order: usize, failure: Failure) {
        if self.failure.is_none_or(|(earlier, _)| order < earlier) {
            self.failure = Some((order, failure));
        }
        self.next_start = None;
    }
}

/// The outcome of starting an attempt.
enum Started {
    Connected(Family),
    Pending,
    Failed,
    /// The object's descriptor cannot be connected to any address.
    Impossible(Failure),
    /// The process has no free descriptor for it.
    NoDescriptor,
}

/// Starts to connect a descriptor. Returns whether it is already connected.
fn begin(descriptor: &Descriptor, address: &SocketAddr) -> Result<bool, Failure> {
    match SockRef::from(&descriptor.borrow()?).connect(&SockAddr::from(*address)) {
        Ok(()) => Ok(true),
        Err(error) => match error.raw_os_error() {
            // A signal does not stop the attempt.
            Some(libc::EINPROGRESS | libc::EINTR) => Ok(false),
            _ => Err(Failure::from_io(&error)),
        },
    }
}

/// Returns the result of an attempt whose descriptor has these events. Writable alone means success.
fn outcome(descriptor: &Descriptor, ready: PollFlags) -> Option<Result<(), Failure>> {
    if ready.is_empty() {
        return None;
    }
    if ready == PollFlags::OUT {
        return Some(Ok(()));
    }
    let error = descriptor.borrow().map(|fd| SockRef::from(&fd).take_error());
    Some(match error {
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some(error)) | Err(error)) => Err(Failure::from_io(&error)),
        Err(failure) => Err(failure),
    })
}

/// The address that a descriptor was bound to, if a host or a port was given.
fn bound_address(descriptor: &Descriptor) -> Option<SockAddr> {
    let address = inet::local_address(descriptor.borrow().ok()?).ok()?;
    let name = address.as_socket()?;
    (name.port() != 0 || !name.ip().is_unspecified()).then_some(address)
}

/// Ends the attempt on a descriptor. Otherwise its failure would be reported once more (FIX-5). The system
/// forgets a port that it chose itself.
fn reset(descriptor: &Descriptor, name: &SockAddr) -> Result<(), Failure> {
    let fd = descriptor.borrow()?;
    rustix::net::connect_unspec(fd)?;
    match SockRef::from(&fd).bind(name) {
        // The descriptor is still bound, because the program chose the port.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        bound => bound.map_err(|error| Failure::from_io(&error)),
    }
}

/// Alternates between the address families. The first family is that of the first address in the system's
/// order (address selection, RFC 6724).
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    if addresses.iter().all(|address| address.is_ipv6() == first_is_ipv6) {
        return addresses;
    }
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv6() == first_is_ipv6);
    let both = first.len().min(second.len());
    let rest = if first.len() > both { &first } else { &second };
    let pairs = first.iter().zip(&second).flat_map(|(first, second)| [*first, *second]);
    pairs.chain(rest.iter().skip(both).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(addresses: &[&str]) -> Vec<String> {
        let parsed = addresses.iter().filter_map(|text| text.parse().ok()).collect();
        interleave(parsed).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn families_take_turns_and_the_systems_first_one_begins() {
        let (a, b, c) = ("[::1]:1", "[::2]:1", "[::3]:1");
        let (x, y) = ("127.0.0.1:1", "127.0.0.2:1");
        assert_eq!(order(&[a, b, c, x, y]), [a, x, b, y, c]);
        assert_eq!(order(&[x, y, a, b, c]), [x, a, y, b, c]);
        assert_eq!(order(&[x, y]), [x, y]);
        assert_eq!(order(&[a]), [a]);
        assert!(order(&[]).is_empty());
    }
}
