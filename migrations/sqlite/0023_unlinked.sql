-- When an administrator has unlinked an identity of an issuer; NULL: it stands for its owner. The row is kept, so that
-- it is not linked again by a name alone.
ALTER TABLE identities ADD COLUMN unlinked INTEGER;
