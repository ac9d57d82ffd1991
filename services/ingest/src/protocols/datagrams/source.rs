//! The sockets that datagrams come from.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_wire::Facts;
use forebay_wire::datagrams::Datagrams;
use forebay_wire::gelf::{Assembly, AssemblyLimits, Loss, unpack};
use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixCredentials, recvmsg};
use tokio::io::Interest;
use tokio::net::{UdpSocket, UnixDatagram};

use super::super::Protocol;
use super::super::local::{Process, of_address, of_process};
use super::kernel::{self, Drops};
use crate::intake::room::WhenOver;
use crate::intake::{Intake, Peer};
use crate::listen::Listener;

/// The largest datagram of UDP, in bytes.
const MAX_UDP: usize = 65_535;

/// How much room for datagrams is made at once, in bytes.
const ARENA: usize = 8 * MAX_UDP;

/// Where datagrams come from.
pub(super) trait Source: Send {
    /// What tells senders apart.
    type Sender: Clone + Eq + std::hash::Hash + Send + Sync;

    /// What becomes of what there is no room for.
    const OVER: WhenOver;

    /// How many datagrams are received before others on the thread get their turn.
    const TURN: usize = 512;

    /// Waits until a datagram may be there.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Receives one.
    fn receive(&mut self, datagrams: &mut Datagrams<Self::Sender>) -> io::Result<()>;

    fn peer(&self, sender: &Self::Sender) -> Peer;

    /// Adds what is known of the sender: its stream, and its address or process.
    fn describe(&self, sender: &Self::Sender, listener: &Listener, facts: &mut Facts);

    /// Nothing comes any more: what isn't whole is lost.
    fn ends(&mut self) {}

    /// How many events were lost since the last look, by reason.
    fn look(&mut self) -> [(&'static str, usize); 2];
}

/// UDP, a message in each datagram.
pub(super) struct Udp {
    socket: UdpSocket,
    drops: Drops,
}

impl Udp {
    pub(super) fn new(socket: UdpSocket, listener: &Listener) -> Self {
        kernel::widen(&socket, &listener.name);
        let drops = Drops::of(&socket);
        Self { socket, drops }
    }
}

impl Source for Udp {
    type Sender = IpAddr;
    const OVER: WhenOver = WhenOver::Lose;

    async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    fn receive(&mut self, datagrams: &mut Datagrams<IpAddr>) -> io::Result<()> {
        let buffer = datagrams.buffer();
        if buffer.capacity() - buffer.len() < MAX_UDP {
            buffer.reserve(ARENA);
        }
        let (len, from) = self.socket.try_recv_buf_from(buffer)?;
        datagrams.arrived(from.ip(), len);
        Ok(())
    }

    fn peer(&self, sender: &IpAddr) -> Peer {
        Peer::Address(SocketAddr::new(*sender, 0))
    }

    fn describe(&self, sender: &IpAddr, _listener: &Listener, facts: &mut Facts) {
        facts.stream = sender.to_canonical().to_string();
        of_address(*sender, facts);
    }

    fn look(&mut self) -> [(&'static str, usize); 2] {
        [("receive_buffer_full", self.drops.since()), ("", 0)]
    }
}

/// UDP with GELF: messages that may be compressed, and may come in several datagrams.
pub(super) struct Chunked {
    udp: Udp,
    assembly: Assembly<SocketAddr>,
    started: Instant,
    datagram: Box<[u8]>,
    intake: Arc<Intake>,
    /// How many messages were never whole, since the last look.
    incomplete: usize,
}

impl Chunked {
    /// How many messages that are over are given up with each datagram, and at each look. All at once would take the thread from others for tens
    /// of milliseconds, five seconds after the start of a flood.
    const GIVEN_UP: (usize, usize) = (2, 2_000);

    /// How long a message may take from its first chunk to its last, as the specification has it.
    const TIMEOUT: Duration = Duration::from_secs(5);

    pub(super) fn new(udp: Udp, intake: Arc<Intake>) -> Self {
        let limits = AssemblyLimits {
            max_bytes: 32 * 1024 * 1024,
            max_messages: 16 * 1024,
            max_message: intake.limits.max_event,
            timeout: Self::TIMEOUT,
        };
        let datagram = vec![0; MAX_UDP].into();
        Self {
            udp,
            assembly: Assembly::new(limits),
            started: Instant::now(),
            datagram,
            intake,
            incomplete: 0,
        }
    }

    fn lost(&self, loss: Loss) {
        self.intake.meters.lost(Protocol::Gelf, loss.name(), 1);
    }
}

impl Source for Chunked {
    type Sender = IpAddr;
    const OVER: WhenOver = WhenOver::Lose;
    /// Each may have to be put together.
    const TURN: usize = 64;

    async fn readable(&self) -> io::Result<()> {
        self.udp.readable().await
    }

    fn receive(&mut self, datagrams: &mut Datagrams<IpAddr>) -> io::Result<()> {
        let (len, from) = self.udp.socket.try_recv_from(&mut self.datagram)?;
        let datagram = self.datagram.get(..len).unwrap_or_default();
        let now = self.started.elapsed();
        self.incomplete += self.assembly.expire(now, Self::GIVEN_UP.0);
        let message = self.assembly.datagram(from, datagram, now);
        let unpacked = match message {
            Ok(None) => return Ok(()),
            Ok(Some(message)) => unpack(&message, self.intake.limits.max_event, datagrams.buffer()),
            Err(loss) => Err(loss),
        };
        match unpacked {
            Ok(len) => datagrams.arrived(from.ip(), len),
            Err(loss) => self.lost(loss),
        }
        Ok(())
    }

    fn peer(&self, sender: &IpAddr) -> Peer {
        self.udp.peer(sender)
    }

    fn describe(&self, sender: &IpAddr, listener: &Listener, facts: &mut Facts) {
        self.udp.describe(sender, listener, facts);
    }

    fn ends(&mut self) {
        self.incomplete += self.assembly.expire(Duration::MAX, usize::MAX);
    }

    fn look(&mut self) -> [(&'static str, usize); 2] {
        let [dropped, _] = self.udp.look();
        let incomplete = std::mem::take(&mut self.incomplete);
        let expired = self.assembly.expire(self.started.elapsed(), Self::GIVEN_UP.1);
        [dropped, (Loss::Incomplete.name(), incomplete + expired)]
    }
}

/// A Unix socket: the kernel says which process sends.
pub(super) struct Local {
    socket: UnixDatagram,
    datagram: Box<[u8]>,
    control: Vec<u8>,
}

impl Local {
    pub(super) fn new(socket: UnixDatagram, listener: &Listener, max: usize) -> Self {
        kernel::ask_for_credentials(&socket, &listener.name);
        // One byte more shows that a datagram is larger.
        Self { socket, datagram: vec![0; max + 1].into(), control: cmsg_space!(UnixCredentials) }
    }
}

impl Source for Local {
    type Sender = Option<Process>;
    const OVER: WhenOver = WhenOver::Wait;

    async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    fn receive(&mut self, datagrams: &mut Datagrams<Option<Process>>) -> io::Result<()> {
        let Self { socket, datagram, control } = self;
        let (len, process) = socket.try_io(Interest::READABLE, || {
            let mut slices = [IoSliceMut::new(datagram)];
            let message = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(control), MsgFlags::empty())?;
            let process = message.cmsgs()?.find_map(|control| match control {
                ControlMessageOwned::ScmCredentials(from) => {
                    Some(Process { pid: from.pid(), user: from.uid(), group: from.gid() })
                }
                _ => None,
            });
            Ok((message.bytes, process))
        })?;
        datagrams.push(process, datagram.get(..len).unwrap_or_default());
        Ok(())
    }

    fn peer(&self, _sender: &Option<Process>) -> Peer {
        Peer::Local
    }

    fn describe(&self, sender: &Option<Process>, listener: &Listener, facts: &mut Facts) {
        if let Some(process) = sender {
            of_process(*process, listener, facts);
        }
    }

    fn look(&mut self) -> [(&'static str, usize); 2] {
        [("", 0); 2]
    }
}
