//! Connects a TCP object to one of the addresses of a name.

use std::net::SocketAddr;
use std::time::Instant;

use super::class::{ANY, Tcp};
use crate::binding::{Call, Raise};
use crate::socket::descriptor::{Parked, Use};
use crate::socket::error::Failure;
use crate::socket::family::Family;
use crate::socket::race::{Race, Step, Watched};
use crate::socket::resolve::resolve;
use crate::socket::service::Service;
use crate::socket::timeout::{Deadline, Wait};
use crate::sys::libc;
use crate::sys::resolver::Hints;
use crate::tasks::door;
use crate::tasks::interest::Interest;

impl Tcp {
    /// Whether this call continues the attempts that an earlier call left under way (add.40).
    fn goes_on(&mut self, host: &[u8], service: &Service) -> Result<bool, Failure> {
        self.parts.channel.descriptor.begin(Use::Both)?;
        self.race = self.race.take().filter(|race| race.is_for(&target(host, service)));
        Ok(self.race.is_some())
    }

    /// Begins a race. `identity` is that of the descriptor before the name was looked up.
    fn begin(&mut self, target: Vec<u8>, addresses: Vec<SocketAddr>, identity: u64) -> Result<(), Failure> {
        let own = &self.parts.channel.descriptor;
        own.expect(identity)?;
        own.begin(Use::Both)?;
        let given = !own.is_none() && self.family != Family::Unspecified;
        self.race = Some(Box::new(Race::new(target, addresses, own, given)));
        Ok(())
    }

    fn step(
        &mut self,
        parked: &mut Option<Parked>,
        deadline: &Deadline,
        polled: Option<&[Interest]>,
    ) -> Step {
        let own = &mut self.parts.channel.descriptor;
        // Another part of the program may have closed the object during the wait.
        let Some(race) =
            self.race.as_mut().filter(|_| parked.is_none_or(|parked| own.resume(&parked).is_ok()))
        else {
            return Step::Done(Err(Failure::Closed));
        };
        let step = race.step(own, &self.options, deadline, polled);
        if let Step::Wait(_) = &step {
            *parked = Some(own.park(Use::Both));
        }
        if let Step::Done(result) = &step {
            self.family = match result {
                Ok(family) => *family,
                Err(_) => race.family_after_failure(self.family, deadline),
            };
            if result.is_ok() {
                self.options.close();
            }
            self.race = None;
        }
        step
    }

    /// Ends a call that could not wait for the result.
    fn pause(
        &mut self,
        failure: Failure,
        started_before: usize,
        parked: &Option<Parked>,
        deadline: &Deadline,
    ) -> Failure {
        let own = &mut self.parts.channel.descriptor;
        if let Some(Err(failure)) = parked.map(|parked| own.resume(&parked)) {
            return failure;
        }
        let Some(race) = &mut self.race else { return failure };
        race.pause(&mut self.parts.channel.descriptor, deadline.is_nonblocking());
        if !deadline.is_nonblocking() {
            self.race = None;
            return failure;
        }
        self.family = race.own_family().unwrap_or(self.family);
        let started = race.started() > started_before;
        // A race with a single address is not kept. The system reports its result to a further call.
        self.race = self.race.take().filter(|race| race.goes_on());
        if started { failure } else { Failure::Errno(libc::EALREADY) }
    }
}

/// Connects the object at `index` to the first address of a name that answers (contract tcp.connect, add.40).
/// No object is borrowed while it waits.
pub fn connect_object(
    call: &mut Call<'_>,
    index: i32,
    host: &[u8],
    service: &Service,
) -> Result<Result<(), Failure>, Raise> {
    let deadline = call.object(index, &ANY, |tcp| tcp.parts.timeout.start())?;
    match find_addresses(call, index, host, service, &deadline)? {
        Ok(()) => race(call, index, deadline.as_one_wait()),
        failed => {
            door::settle_for(call, index, &ANY);
            Ok(failed)
        }
    }
}

/// Prepares the attempts to connect: looks up the name, or goes on with the attempts of an earlier call.
pub fn find_addresses(
    call: &mut Call<'_>,
    index: i32,
    host: &[u8],
    service: &Service,
    deadline: &Deadline,
) -> Result<Result<(), Failure>, Raise> {
    let (family, identity) =
        call.object(index, &ANY, |tcp| (tcp.family, tcp.parts.channel.descriptor.identity()))?;
    let goes_on = call.object(index, &ANY, |tcp| tcp.goes_on(host, service))?;
    match goes_on {
        Ok(true) => Ok(Ok(())),
        Ok(false) => {
            let hints = Hints { family: family.number(), kind: libc::SOCK_STREAM, flags: 0 };
            match resolve(call, host, service, hints, deadline) {
                Ok(addresses) => {
                    call.object(index, &ANY, |tcp| tcp.begin(target(host, service), addresses, identity))
                }
                Err(failure) => Ok(Err(failure)),
            }
        }
        Err(failure) => Ok(Err(failure)),
    }
}

/// Waits until one of the attempts succeeds, or all have failed.
pub fn race(call: &mut Call<'_>, index: i32, deadline: Deadline) -> Result<Result<(), Failure>, Raise> {
    let started = call.object(index, &ANY, |tcp| tcp.race.as_ref().map_or(0, |race| race.started()))?;
    let mut parked = None;
    let mut last: Option<Watched> = None;
    loop {
        let polled = last.as_ref().map(|watched| watched.interests.as_slice());
        let step = call.object(index, &ANY, |tcp| tcp.step(&mut parked, &deadline, polled))?;
        let mut watched = match step {
            Step::Done(result) => {
                if parked.is_none() {
                    door::settle_for(call, index, &ANY);
                }
                return Ok(result.map(|_| ()));
            }
            Step::Wait(watched) => watched,
        };
        let end = match deadline.remaining() {
            Wait::No => Some(None),
            Wait::For(left) => Some(Instant::now().checked_add(left)),
            Wait::Forever => None,
        };
        let waited = match (end, watched.until) {
            (Some(None), _) => Err(Failure::Timeout),
            (Some(Some(end)), next) => {
                let until = next.map_or(end, |next| next.min(end));
                door::wait_any(call, &mut watched.interests, Some(until))
            }
            (None, next) => door::wait_any(call, &mut watched.interests, next),
        };
        if watched.interests.len() > 1 {
            // The object may take over the descriptor of another attempt. Its number must not be watched then.
            for interest in &watched.interests {
                door::forget_copied(call, interest.number);
            }
        }
        match waited {
            Ok(certain) => last = certain.then_some(watched),
            // The next attempt is due.
            Err(Failure::Timeout)
                if watched.until.is_some_and(|until| until <= Instant::now()) && !deadline.is_over() =>
            {
                last = None;
            }
            Err(failure) => {
                let result =
                    call.object(index, &ANY, |tcp| Err(tcp.pause(failure, started, &parked, &deadline)));
                door::settle_failure(call);
                return result;
            }
        }
    }
}

/// Combines host and service into a key, to compare it with those of a further call.
fn target(host: &[u8], service: &Service) -> Vec<u8> {
    let mut target = host.to_vec();
    target.push(0);
    target.extend(service.text().unwrap_or_default());
    target
}
