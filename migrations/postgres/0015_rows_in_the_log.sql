-- The acts of the log say what each of these rows became, so that a row that somebody else has written is noticed.
-- changes: how often the row was changed since it was added; the log says for each count what the row was then.
ALTER TABLE users ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE approvals ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE smartcards ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE profiles ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE certificates ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;

-- The rows of an earlier release are in no act yet; the next start says what they are.
INSERT INTO meta (name, value) SELECT 'unlogged-rows', '\x01' WHERE EXISTS (SELECT 1 FROM users);
