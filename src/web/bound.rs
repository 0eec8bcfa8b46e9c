//! Limits the number of open connections, around any acceptor.

use axum_server::accept::Accept;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
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

/// Accepts through `inner` as long as fewer connections than the limit are open; closes every further one at once.
#[derive(Clone)]
pub struct Bounded<A, C> {
    inner: A,
    /// One permit for each connection that may be open.
    places: Arc<Semaphore>,
    open: C,
}

impl<A, C> Bounded<A, C> {
    /// Limits `inner` to `connections` open at one time; `open` counts them.
    pub fn new(inner: A, connections: usize, open: C) -> Self {
        Self { inner, places: Arc::new(Semaphore::new(connections)), open }
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
    open: C,
}

impl<C: CountConnections> Drop for Place<C> {
    fn drop(&mut self) {
        self.open.closed();
    }
}

impl<A, C, I, S> Accept<I, S> for Bounded<A, C>
where
    C: CountConnections,
    A: Accept<I, S>,
    A::Future: Send + 'static,
    A::Stream: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = Placed<A::Stream, C>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!("too many connections; one was closed");
            return Box::pin(std::future::ready(Err(io::Error::from(io::ErrorKind::ConnectionRefused))));
        };
        self.open.opened();
        let place = Place { _permit: permit, open: self.open.clone() };
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
