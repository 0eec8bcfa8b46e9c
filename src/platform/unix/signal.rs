//! Takes over the signals that ask this process to end and would otherwise end it at once.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Holds the signals to end that were taken over: they no longer end the process by themselves.
#[derive(Debug)]
pub struct EndSignals(Vec<Signal>);

impl EndSignals {
    /// Takes over SIGTERM and SIGINT, for the rest of the process's life; panics outside of a tokio runtime that has
    /// I/O.
    ///
    /// Windows: `SetConsoleCtrlHandler`, which `tokio::signal::windows` calls.
    pub fn take_over() -> io::Result<Self> {
        Ok(Self(vec![signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?]))
    }

    /// Takes over SIGHUP as well, which comes when the terminal goes; panics as [`EndSignals::take_over`] does.
    ///
    /// Windows: `CTRL_CLOSE_EVENT`, which leaves some seconds only.
    pub fn with_hangup(mut self) -> io::Result<Self> {
        self.0.push(signal(SignalKind::hangup())?);
        Ok(self)
    }

    /// Waits for the next signal.
    pub fn comes(&mut self) -> impl Future<Output = ()> {
        poll_fn(|context| {
            let has_come = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if has_come { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}
