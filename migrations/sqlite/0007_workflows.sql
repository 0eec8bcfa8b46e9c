-- What a card or profile is to its user beside its status, and when a temporary one ends by itself.
ALTER TABLE smartcards ADD COLUMN role TEXT NOT NULL DEFAULT 'primary'
    CHECK (role IN ('primary', 'duplicate', 'temporary', 'key-escrow'));
ALTER TABLE smartcards ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1));
ALTER TABLE smartcards ADD COLUMN reused INTEGER NOT NULL DEFAULT 0 CHECK (reused IN (0, 1));
ALTER TABLE smartcards ADD COLUMN expires INTEGER;
ALTER TABLE profiles ADD COLUMN role TEXT NOT NULL DEFAULT 'primary'
    CHECK (role IN ('primary', 'duplicate', 'temporary', 'key-escrow'));
ALTER TABLE profiles ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0 CHECK (superseded IN (0, 1));
ALTER TABLE profiles ADD COLUMN reused INTEGER NOT NULL DEFAULT 0 CHECK (reused IN (0, 1));
ALTER TABLE profiles ADD COLUMN expires INTEGER;

-- Cards to be retired by themselves, soonest first; what is retired leaves the index.
CREATE INDEX smartcards_expiring ON smartcards (expires) WHERE expires IS NOT NULL AND status <> 'retired';

-- What was agreed when the request was made: why the card is missing, why and when certificates are revoked (hours from
-- completion), and which way a suspension goes.
ALTER TABLE requests ADD COLUMN loss_reason TEXT;
ALTER TABLE requests ADD COLUMN revocation_reason INTEGER;
ALTER TABLE requests ADD COLUMN revocation_delay_hours INTEGER;
ALTER TABLE requests ADD COLUMN suspends INTEGER CHECK (suspends IN (0, 1));
