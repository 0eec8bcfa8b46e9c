//! Says how far an old card has given way to a new one.

use super::office::Visited;
use super::scene::Scene;
use uuid::Uuid;

/// Says how far the old card has given way to the new one.
pub enum Swap {
    /// The old card is to be put in.
    Old,
    /// The old card has shown who somebody is, and the new one is to be put in.
    New { visited: Box<LetIn>, old: Uuid, name: String },
}

/// Is somebody who was let in, whose visit ends where nobody waits for that.
pub struct LetIn(Option<Visited>);

impl Drop for LetIn {
    fn drop(&mut self) {
        // Whoever drops it may hold the engine, and the server may take its time.
        let Some(visited) = self.0.take() else { return };
        // Without a thread it is ended here.
        let _ = std::thread::Builder::new().name("leaving".into()).spawn(move || drop(visited));
    }
}

impl LetIn {
    /// Takes who was let in.
    pub fn new(visited: Visited) -> Self {
        Self(Some(visited))
    }

    /// Hands over who was let in, once.
    pub fn take(&mut self) -> Option<Visited> {
        self.0.take()
    }
}

impl Swap {
    /// Returns the scene that asks for the card; `again`: another one was put in.
    pub fn asks(&self, again: bool) -> Scene {
        match self {
            Self::Old => Scene::OldCard { again },
            Self::New { name, .. } => Scene::NewCard { name: name.clone(), again },
        }
    }
}
