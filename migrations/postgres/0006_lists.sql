-- What approvers list of a template is walked newest first whether they ask for a status or not.
CREATE INDEX requests_template ON requests (profile_template, seq);
