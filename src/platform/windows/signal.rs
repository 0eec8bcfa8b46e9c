//! Takes over what the console sends to end this process, which would otherwise end at once.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

/// Holds what was taken over: it no longer ends the process by itself.
#[derive(Debug)]
pub struct EndSignals {
    typed: (CtrlC, CtrlBreak),
    closed: Option<CtrlClose>,
}

impl EndSignals {
    /// Takes over Ctrl-C and Ctrl-Break, for the rest of the process's life; panics outside of a tokio runtime.
    pub fn take_over() -> io::Result<Self> {
        Ok(Self { typed: (ctrl_c()?, ctrl_break()?), closed: None })
    }

    /// Takes over that the console's window is closed as well, which leaves some seconds only.
    pub fn with_hangup(self) -> io::Result<Self> {
        Ok(Self { closed: Some(ctrl_close()?), ..self })
    }

    /// Waits for the next signal.
    pub fn comes(&mut self) -> impl Future<Output = ()> {
        poll_fn(|context| {
            let typed = self.typed.0.poll_recv(context).is_ready() || self.typed.1.poll_recv(context).is_ready();
            let closed = self.closed.as_mut().is_some_and(|closed| closed.poll_recv(context).is_ready());
            if typed || closed { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}
