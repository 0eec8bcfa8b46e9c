//! Limits the number of open connections, around any acceptor: of all, and of each address, so that one host locks
//! nobody else out.

use axum_server::accept::Accept;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counts open connections, for metrics.
pub trait CountConnections: Clone + Send + Sync + Unpin + 'static {
    /// Counts one open connection more.
    fn opened(&self);

    /// Counts one open connection fewer.
    fn closed(&self);
}

/// Counts nothing.
impl CountConnections for () {
    fn opened(&self) {}
    fn closed(&self) {}
}

/// Says how many connections may be open at one time.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of all together.
    pub all: usize,
    /// Of one address (IPv6: of one network of 64 bits); 0: as many as of all.
    pub of_address: usize,
}

/// Accepts through `inner` as long as fewer connections than the limits are open; closes every further one at once.
#[derive(Clone)]
pub struct Bounded<A, C> {
    inner: A,
    of_address: usize,
    shares: Shares,
    /// One permit for each connection that may be open.
    places: Arc<Semaphore>,
    open: C,
}

impl<A, C> Bounded<A, C> {
    /// Limits `inner` to so many open connections; `open` counts them.
    pub fn new(inner: A, bounds: Bounds, open: C) -> Self {
        let of_address = if bounds.of_address == 0 { bounds.all } else { bounds.of_address };
        Self { inner, of_address, shares: Shares::default(), places: Arc::new(Semaphore::new(bounds.all)), open }
    }
}

/// Counts the open connections of each address.
#[derive(Clone, Default)]
struct Shares(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// Holds one connection of an address's share, which is free again when this is dropped.
struct Share {
    shares: Shares,
    address: IpAddr,
}

impl Shares {
    /// Takes one connection more of an address; `None` where it has `most` already.
    fn take(&self, address: IpAddr, most: usize) -> Option<Share> {
        let address = network(address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Share { shares: self.clone(), address })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Returns the address that a subscriber is counted by: an IPv6 subscriber can call from a whole network of 64 bits.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

/// Holds a connection together with its place, which is free again when this is dropped.
pub struct Placed<T, C: CountConnections> {
    stream: T,
    _place: Place<C>,
}

/// Holds the permit of one open connection; counts it as closed when dropped.
struct Place<C: CountConnections> {
    _permit: OwnedSemaphorePermit,
    _share: Share,
    open: C,
}

impl<C: CountConnections> Drop for Place<C> {
    fn drop(&mut self) {
        self.open.closed();
    }
}

impl<A, C, S> Accept<TcpStream, S> for Bounded<A, C>
where
    C: CountConnections,
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
    A::Stream: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = Placed<A::Stream, C>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let refused = || Box::pin(std::future::ready(Err(io::Error::from(io::ErrorKind::ConnectionRefused))));
        // One that has ended already has no address.
        let Ok(peer) = stream.peer_addr() else { return refused() };
        let Some(share) = self.shares.take(peer.ip(), self.of_address) else {
            tracing::warn!(address = %peer.ip(), "too many connections of one address; one was closed");
            return refused();
        };
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!("too many connections; one was closed");
            return refused();
        };
        self.open.opened();
        let place = Place { _permit: permit, _share: share, open: self.open.clone() };
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            Ok((Placed { stream, _place: place }, service))
        })
    }
}

impl<T: AsyncRead + Unpin, C: CountConnections> AsyncRead for Placed<T, C> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin, C: CountConnections> AsyncWrite for Placed<T, C> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
