//! Gets the PIN that the server proposes, where the template leaves the choice to the server.

use super::driver::Enrollment;
use super::error::{Cause, Error};
use super::record::Tie;
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::cm::template::{SmartcardConfig, UserPinOption};
use crate::secret::Pin;

impl Enrollment<'_> {
    /// Fetches the new PIN from the server if the template says so and none was given. Within one request the server's
    /// answer is always the same, so it can be asked again after a cut.
    pub(super) fn take_proposed_pin(
        &mut self,
        tie: Tie,
        config: &SmartcardConfig,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        let told = match config.user_pin_option {
            UserPinOption::ServerDistributed | UserPinOption::CustomServerDistributed => true,
            UserPinOption::Randomized => false,
            UserPinOption::UserProvided | UserPinOption::None => return Ok(()),
        };
        self.refuse_given_pin(config)?;
        if self.inputs.new_pin.is_some() {
            return Ok(());
        }
        observer(Event::Doing(Stage::FetchPin));
        let pin = self.client.server_proposed_pin(tie.request, tie.smartcard, self.card_id, self.facts.atr.clone());
        let pin = pin.map_err(|source| Error::new(Stage::FetchPin, source))?;
        if told {
            self.facts.proposed = Some(Pin::new(pin.expose().to_owned()));
        }
        self.inputs.new_pin = Some(pin);
        self.facts.pin_is_proposed = true;
        Ok(())
    }

    /// Refuses a new PIN that somebody gave where the server chooses it ([`Cause::PinIsProposed`]).
    pub(super) fn refuse_given_pin(&self, config: &SmartcardConfig) -> Result<(), Error> {
        if config.proposes_pin() && self.inputs.new_pin.is_some() && !self.facts.pin_is_proposed {
            return Err(Error::new(Stage::FetchPin, Cause::PinIsProposed));
        }
        Ok(())
    }

    /// Returns, once and as soon as it is set, the PIN that the server proposed, which the face tells the operator;
    /// `None` where people choose the PIN, or where nobody is to know it.
    pub fn proposed_pin(&mut self) -> Option<Pin> {
        if self.facts.pin_is_set { self.facts.proposed.take() } else { None }
    }
}
