-- The PUK of a card that has one: how far its own has come, the highest version ever derived for the card, and the
-- version that held before what is proposed (0: the PUK the card came with). A version is never used twice.
ALTER TABLE smartcards ADD COLUMN puk_state TEXT NOT NULL DEFAULT 'default'
    CHECK (puk_state IN ('default', 'proposed', 'active', 'spoken'));
ALTER TABLE smartcards ADD COLUMN puk_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE smartcards ADD COLUMN puk_before BIGINT NOT NULL DEFAULT 0;
