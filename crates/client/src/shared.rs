//! What the handles of a client and its driver share: the session, and who waits for what.
//!
//! Everything is reached through `Shared::with`, which cannot await. Handles change the session
//! there and ring the driver's bell; the driver empties the session and waits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use futures_channel::{mpsc, oneshot};
use trunkline_protocol::{Codec, Error, Moment, Payload, RequestId, User};
use trunkline_session::{
    ClientEvent, ClientSession, CommandId, DropCause, NewCommand, Status, SubscriptionId, Transport,
};

use crate::keeper::Keeper;
use crate::platform;
use crate::publishing::{Answer, PublishError, Published};
use crate::tap::Taps;
use crate::updates::{RawUpdate, Updates};

/// What can be done to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is cut, as if there was no network: nothing is dialed.
    Cut,
    /// Whoever is dialed cannot be reached.
    Blocked,
}

pub(crate) struct State {
    pub(crate) session: ClientSession,
    pub(crate) updates: HashMap<SubscriptionId, Updates>,
    /// Keeps the unanswered commands of logs beyond this program.
    pub(crate) keeper: Keeper,
    /// Who waits for the answer to a command; more than one after [`Client::reattach`].
    ///
    /// [`Client::reattach`]: crate::Client::reattach
    pub(crate) commands: HashMap<CommandId, Vec<oneshot::Sender<Answer>>>,
    pub(crate) calls: HashMap<RequestId, oneshot::Sender<Result<Payload, Error>>>,
    pub(crate) pages:
        HashMap<RequestId, oneshot::Sender<Result<trunkline_session::client::HistoryPage, Error>>>,
    pub(crate) user: Option<User>,
    /// Counts the changes of the status, so that each watcher sees the newest.
    pub(crate) status_version: u64,
    pub(crate) status_wakers: Vec<Waker>,
    /// What somebody has done to the line on purpose, until it is mended.
    pub(crate) fault: Option<Fault>,
    /// Somebody asks to try now.
    pub(crate) woken: bool,
    /// The last handle is gone.
    pub(crate) ended: bool,
    /// A transport has been found to work, and nobody has noted it yet.
    pub(crate) works: Option<Transport>,
    live: bool,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    bell: Mutex<mpsc::Sender<()>>,
    taps: Mutex<Taps>,
    /// Whether there is a tap, so that a frame that nobody looks at costs one branch.
    tapped: AtomicBool,
    pub(crate) codec: Codec,
}

impl Shared {
    pub(crate) fn new(
        session: ClientSession,
        keeper: Keeper,
        codec: Codec,
    ) -> (Arc<Self>, mpsc::Receiver<()>) {
        // One ring that was not heard yet stands for any number of them.
        let (bell, heard) = mpsc::channel(0);
        let state = State {
            session,
            keeper,
            updates: HashMap::new(),
            commands: HashMap::new(),
            calls: HashMap::new(),
            pages: HashMap::new(),
            user: None,
            status_version: 0,
            status_wakers: Vec::new(),
            fault: None,
            woken: false,
            ended: false,
            works: None,
            live: false,
        };
        (
            Arc::new(Self {
                state: Mutex::new(state),
                bell: Mutex::new(bell),
                taps: Mutex::new(Taps::default()),
                tapped: AtomicBool::new(false),
                codec,
            }),
            heard,
        )
    }

    /// Reaches the state. Nothing awaits inside.
    pub(crate) fn with<R>(&self, reach: impl FnOnce(&mut State) -> R) -> R {
        reach(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether somebody looks at the frames. One that has just come may miss a frame.
    pub(crate) fn is_tapped(&self) -> bool {
        self.tapped.load(Ordering::Relaxed)
    }

    /// Reaches the taps. Nothing awaits inside, and nothing reaches the state.
    pub(crate) fn with_taps<R>(&self, reach: impl FnOnce(&mut Taps) -> R) -> R {
        let mut taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        let result = reach(&mut taps);
        self.tapped.store(taps.len() > 0, Ordering::Relaxed);
        result
    }

    /// Tells the driver that the session may have something to do.
    pub(crate) fn ring(&self) {
        // A full channel means that the driver will look anyway.
        let _ = self
            .bell
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .try_send(());
    }
}

impl State {
    /// Hands a command to the session, and to the store before anything is sent of it, unless nobody
    /// would want it later.
    pub(crate) fn publish(
        &mut self,
        now: Moment,
        new: NewCommand,
        lasts: bool,
        answer: oneshot::Sender<Answer>,
    ) -> Result<CommandId, PublishError> {
        if self.ended {
            return Err(PublishError::Ended);
        }
        let kept = self.keeper.kept();
        self.keeper.note_counter(&mut self.session);
        let command = self
            .session
            .publish(now, new)
            .map_err(|_| PublishError::OutboxFull)?;
        if lasts && let Some(saved) = self.session.command(command) {
            self.keeper.put(saved);
        }
        self.commands.entry(command).or_default().push(answer);
        if self.keeper.kept() != kept {
            self.note_status();
        }
        Ok(command)
    }

    /// Gives a command up.
    pub(crate) fn discard(&mut self, now: Moment, command: CommandId) {
        self.session.discard(now, command);
        self.commands.remove(&command);
        self.forget(command);
    }

    /// The command is answered or given up: nobody keeps it any more.
    fn forget(&mut self, command: CommandId) {
        let kept = self.keeper.kept();
        self.keeper.remove(command);
        if self.keeper.kept() != kept {
            self.note_status();
        }
    }

    fn answer_command(&mut self, command: CommandId, result: &Answer) {
        self.forget(command);
        match self.commands.remove(&command) {
            Some(waiting) => {
                for waiting in waiting {
                    // A future that was dropped does not want its answer.
                    let _ = waiting.send(result.clone());
                }
            }
            None => self.keeper.hold_answer(command, result),
        }
    }

    /// Hands what the session tells to those who wait for it.
    pub(crate) fn dispatch(&mut self) {
        while let Some(event) = self.session.poll_event() {
            self.dispatch_one(event);
        }
    }

    fn dispatch_one(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::StatusChanged => self.note_status(),
            ClientEvent::Identified(user) => self.user = Some(user),
            ClientEvent::Works(transport) => self.works = Some(transport),
            ClientEvent::Members {
                subscription,
                members,
            } => self.push(subscription, RawUpdate::Members(members)),
            ClientEvent::Subscribed {
                subscription,
                recovered,
                head,
                members,
            } => {
                self.push(
                    subscription,
                    RawUpdate::Subscribed {
                        recovered,
                        head,
                        members,
                    },
                );
            }
            ClientEvent::Publication {
                subscription,
                offset,
                event,
            } => {
                self.push(subscription, RawUpdate::Event { offset, event });
            }
            ClientEvent::Gap { subscription, gap } => self.push(subscription, RawUpdate::Gap(gap)),
            ClientEvent::Joined {
                subscription,
                count,
                member,
            } => {
                self.push(subscription, RawUpdate::Joined { count, member });
            }
            ClientEvent::Left {
                subscription,
                count,
                user,
            } => {
                self.push(subscription, RawUpdate::Left { count, user });
            }
            ClientEvent::SubscriptionRefused {
                subscription,
                error,
            } => {
                self.push(subscription, RawUpdate::Refused(error));
            }
            ClientEvent::Published {
                command,
                position,
                duplicate,
            } => {
                let published = Published {
                    offset: position.offset,
                    duplicate,
                };
                self.answer_command(command, &Ok(published));
            }
            ClientEvent::CommandRefused { command, error } => {
                self.answer_command(command, &Err(PublishError::Refused(error)));
            }
            // What does not fit today may fit when the others are answered: it stays in the store.
            ClientEvent::CommandDropped {
                cause: DropCause::Full,
                ..
            } => {}
            ClientEvent::CommandDropped {
                command,
                cause: DropCause::OutOfOrder,
            } => {
                if self.session.command(command).is_none() {
                    self.forget(command);
                }
            }
            ClientEvent::Returned { request, result } => {
                answer(self.calls.remove(&request), result);
            }
            ClientEvent::History { request, result } => answer(self.pages.remove(&request), result),
        }
    }

    fn push(&mut self, subscription: SubscriptionId, update: RawUpdate) {
        if let Some(updates) = self.updates.get_mut(&subscription) {
            updates.push(update);
        }
    }

    /// Wakes a watcher at the next change, once however often it asks.
    pub(crate) fn wait_for_status(&mut self, waker: &Waker) {
        if !self
            .status_wakers
            .iter()
            .any(|waiting| waiting.will_wake(waker))
        {
            self.status_wakers.push(waker.clone());
        }
    }

    pub(crate) fn note_status(&mut self) {
        let live = matches!(self.session.status(), Status::Live { .. });
        if self.live && !live {
            for updates in self.updates.values_mut() {
                updates.push(RawUpdate::Lost);
            }
        }
        self.live = live;
        self.status_version += 1;
        for waker in self.status_wakers.drain(..) {
            waker.wake();
        }
    }

    /// The driver ends: nobody waits for an answer any more.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        self.keeper = Keeper::without_store();
        self.session.stop(platform::now());
        self.dispatch();
        self.commands.clear();
        self.calls.clear();
        self.pages.clear();
        for updates in self.updates.values_mut() {
            updates.end();
        }
        self.note_status();
    }
}

/// Answers whoever waits. Nobody may: a future that was dropped does not want its answer.
fn answer<T>(waiting: Option<oneshot::Sender<T>>, result: T) {
    if let Some(waiting) = waiting {
        let _ = waiting.send(result);
    }
}
