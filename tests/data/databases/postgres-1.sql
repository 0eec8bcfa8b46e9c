-- A database of schema version 1, as dumped by pg_dump 15 (--inserts), without its comments: made by that version's migrations, with a row or two in each table.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.approvals (
    request uuid NOT NULL,
    approver uuid NOT NULL,
    approved boolean NOT NULL,
    comment text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.cardwright_schema (
    version bigint NOT NULL
);
CREATE TABLE public.certificates (
    seq bigint NOT NULL,
    serial bytea NOT NULL,
    request uuid NOT NULL,
    profile uuid NOT NULL,
    smartcard uuid,
    owner uuid NOT NULL,
    template_common_name text NOT NULL,
    thumbprint bytea NOT NULL,
    public_key_sha256 bytea NOT NULL,
    csr_sha256 bytea NOT NULL,
    der bytea NOT NULL,
    not_before bigint NOT NULL,
    not_after bigint NOT NULL,
    revoked_at bigint,
    revocation_reason bigint,
    superseded boolean NOT NULL,
    CONSTRAINT certificates_check CHECK (((revoked_at IS NULL) = (revocation_reason IS NULL)))
);
ALTER TABLE public.certificates ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.certificates_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.counters (
    name text NOT NULL,
    value bigint NOT NULL
);
CREATE TABLE public.meta (
    name text NOT NULL,
    value bytea NOT NULL
);
CREATE TABLE public.offline_answers (
    request uuid NOT NULL,
    smartcard uuid NOT NULL,
    challenge bytea NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.profiles (
    seq bigint NOT NULL,
    uuid uuid NOT NULL,
    status text NOT NULL,
    assigned_user uuid NOT NULL,
    smartcard uuid,
    profile_template uuid NOT NULL,
    template_version bigint NOT NULL,
    parent uuid,
    primary_profile uuid,
    comment text NOT NULL,
    CONSTRAINT profiles_status_check CHECK ((status = ANY (ARRAY['new'::text, 'active'::text, 'disabled'::text, 'suspended'::text, 'retired'::text])))
);
ALTER TABLE public.profiles ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.profiles_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.requests (
    seq bigint NOT NULL,
    uuid uuid NOT NULL,
    request_type text NOT NULL,
    status text NOT NULL,
    originator uuid NOT NULL,
    target uuid NOT NULL,
    profile_template uuid NOT NULL,
    template_version bigint NOT NULL,
    priority bigint NOT NULL,
    comment text NOT NULL,
    data text NOT NULL,
    old_profile uuid,
    new_profile uuid,
    old_smartcard uuid,
    new_smartcard uuid,
    submitted bigint NOT NULL,
    completed bigint,
    is_smartcard boolean NOT NULL,
    is_enrollment_agent boolean NOT NULL,
    CONSTRAINT requests_request_type_check CHECK ((request_type = ANY (ARRAY['enroll'::text, 'duplicate'::text, 'offline-unblock'::text, 'online-update'::text, 'renew'::text, 'recover'::text, 'recover-on-behalf'::text, 'reinstate'::text, 'retire'::text, 'revoke'::text, 'temporary-cards'::text, 'unblock'::text]))),
    CONSTRAINT requests_status_check CHECK ((status = ANY (ARRAY['none'::text, 'approved'::text, 'denied'::text, 'completed'::text, 'failed'::text, 'pending'::text, 'canceled'::text, 'executing'::text])))
);
ALTER TABLE public.requests ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.requests_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.responses (
    seq bigint NOT NULL,
    serial bytea NOT NULL,
    pkcs7 bytea NOT NULL
);
ALTER TABLE public.responses ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.responses_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.smartcards (
    seq bigint NOT NULL,
    uuid uuid NOT NULL,
    card_id uuid NOT NULL,
    atr text NOT NULL,
    status text NOT NULL,
    assigned_user uuid NOT NULL,
    profile_template uuid NOT NULL,
    template_version bigint NOT NULL,
    admin_key text NOT NULL,
    master_key_version bigint NOT NULL,
    parent uuid,
    primary_smartcard uuid,
    permanent uuid,
    comment text NOT NULL,
    CONSTRAINT smartcards_admin_key_check CHECK ((admin_key = ANY (ARRAY['default'::text, 'proposed'::text, 'active'::text]))),
    CONSTRAINT smartcards_status_check CHECK ((status = ANY (ARRAY['new'::text, 'assigned'::text, 'active'::text, 'disabled'::text, 'suspended'::text, 'retired'::text])))
);
ALTER TABLE public.smartcards ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.smartcards_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.users (
    seq bigint NOT NULL,
    uuid uuid NOT NULL,
    name text NOT NULL,
    groups text NOT NULL,
    upn text,
    email text,
    token_hash bytea NOT NULL,
    token_expires bigint NOT NULL
);
ALTER TABLE public.users ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO public.approvals (request, approver, approved, comment, at) VALUES ('00000000-0000-0000-0000-000000000010', '00000000-0000-0000-0000-000000000002', true, 'seen', 1763800000500000);
INSERT INTO public.cardwright_schema (version) VALUES (1);
INSERT INTO public.certificates (seq, serial, request, profile, smartcard, owner, template_common_name, thumbprint, public_key_sha256, csr_sha256, der, not_before, not_after, revoked_at, revocation_reason, superseded) OVERRIDING SYSTEM VALUE VALUES (1, '\x0102', '00000000-0000-0000-0000-000000000010', '00000000-0000-0000-0000-000000000030', '00000000-0000-0000-0000-000000000020', '00000000-0000-0000-0000-000000000001', 'Smart card user', '\xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '\xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', '\xcccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', '\x3000', 1763800000000000, 1795336000000000, 1763900000000000, 1, true);
INSERT INTO public.counters (name, value) VALUES ('crl', 7);
INSERT INTO public.meta (name, value) VALUES ('instance', '\x0000000000000000000000000000cafe');
INSERT INTO public.offline_answers (request, smartcard, challenge, at) VALUES ('00000000-0000-0000-0000-000000000010', '00000000-0000-0000-0000-000000000020', '\x0011223344556677', 1763800002000000);
INSERT INTO public.profiles (seq, uuid, status, assigned_user, smartcard, profile_template, template_version, parent, primary_profile, comment) OVERRIDING SYSTEM VALUE VALUES (1, '00000000-0000-0000-0000-000000000030', 'active', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000020', '00000000-0000-0000-0000-00000000007e', 3, NULL, NULL, '');
INSERT INTO public.requests (seq, uuid, request_type, status, originator, target, profile_template, template_version, priority, comment, data, old_profile, new_profile, old_smartcard, new_smartcard, submitted, completed, is_smartcard, is_enrollment_agent) OVERRIDING SYSTEM VALUE VALUES (1, '00000000-0000-0000-0000-000000000010', 'enroll', 'completed', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000007e', 3, 4, 'a card', '[["city","Seattle"],["floor",null]]', NULL, '00000000-0000-0000-0000-000000000030', NULL, '00000000-0000-0000-0000-000000000020', 1763800000000000, 1763800001000000, true, false);
INSERT INTO public.requests (seq, uuid, request_type, status, originator, target, profile_template, template_version, priority, comment, data, old_profile, new_profile, old_smartcard, new_smartcard, submitted, completed, is_smartcard, is_enrollment_agent) OVERRIDING SYSTEM VALUE VALUES (2, '00000000-0000-0000-0000-000000000011', 'enroll', 'pending', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000007e', 3, 4, 'a card', '[["city","Seattle"],["floor",null]]', NULL, NULL, NULL, NULL, 1763800000000000, NULL, true, false);
INSERT INTO public.responses (seq, serial, pkcs7) OVERRIDING SYSTEM VALUE VALUES (1, '\x0102', '\x3001');
INSERT INTO public.smartcards (seq, uuid, card_id, atr, status, assigned_user, profile_template, template_version, admin_key, master_key_version, parent, primary_smartcard, permanent, comment) OVERRIDING SYSTEM VALUE VALUES (1, '00000000-0000-0000-0000-000000000020', '00000000-0000-0000-0000-000000000021', '3b8d', 'active', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-00000000007e', 3, 'active', 1, NULL, NULL, NULL, '');
INSERT INTO public.users (seq, uuid, name, groups, upn, email, token_hash, token_expires) OVERRIDING SYSTEM VALUE VALUES (1, '00000000-0000-0000-0000-000000000001', 'ada', '["Operators"]', 'ada@example.test', NULL, '\x0000000000000000000000000000000000000000000000000000000000000001', 1798000000000000);
INSERT INTO public.users (seq, uuid, name, groups, upn, email, token_hash, token_expires) OVERRIDING SYSTEM VALUE VALUES (2, '00000000-0000-0000-0000-000000000002', 'Zoë O''Brien', '["Operators"]', 'Zoë@example.test', NULL, '\x0000000000000000000000000000000000000000000000000000000000000002', 1798000000000000);
SELECT pg_catalog.setval('public.certificates_seq_seq', 1, true);
SELECT pg_catalog.setval('public.profiles_seq_seq', 1, true);
SELECT pg_catalog.setval('public.requests_seq_seq', 2, true);
SELECT pg_catalog.setval('public.responses_seq_seq', 1, true);
SELECT pg_catalog.setval('public.smartcards_seq_seq', 1, true);
SELECT pg_catalog.setval('public.users_seq_seq', 2, true);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_pkey PRIMARY KEY (request, approver);
ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_serial_key UNIQUE (serial);
ALTER TABLE ONLY public.counters
    ADD CONSTRAINT counters_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.meta
    ADD CONSTRAINT meta_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.offline_answers
    ADD CONSTRAINT offline_answers_pkey PRIMARY KEY (request);
ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_uuid_key UNIQUE (uuid);
ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_uuid_key UNIQUE (uuid);
ALTER TABLE ONLY public.responses
    ADD CONSTRAINT responses_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.responses
    ADD CONSTRAINT responses_serial_key UNIQUE (serial);
ALTER TABLE ONLY public.smartcards
    ADD CONSTRAINT smartcards_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.smartcards
    ADD CONSTRAINT smartcards_uuid_key UNIQUE (uuid);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_name_key UNIQUE (name);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_uuid_key UNIQUE (uuid);
CREATE INDEX certificates_key ON public.certificates USING btree (public_key_sha256, seq);
CREATE INDEX certificates_owner ON public.certificates USING btree (owner, seq);
CREATE INDEX certificates_profile ON public.certificates USING btree (profile, seq);
CREATE INDEX certificates_request ON public.certificates USING btree (request, seq);
CREATE UNIQUE INDEX certificates_request_key ON public.certificates USING btree (request, public_key_sha256);
CREATE INDEX certificates_revoked ON public.certificates USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);
CREATE INDEX certificates_smartcard ON public.certificates USING btree (smartcard, seq) WHERE (smartcard IS NOT NULL);
CREATE INDEX profiles_smartcard ON public.profiles USING btree (smartcard, seq) WHERE (smartcard IS NOT NULL);
CREATE INDEX profiles_user ON public.profiles USING btree (assigned_user, seq);
CREATE INDEX requests_new_profile ON public.requests USING btree (new_profile, seq) WHERE (new_profile IS NOT NULL);
CREATE INDEX requests_new_smartcard ON public.requests USING btree (new_smartcard, seq) WHERE (new_smartcard IS NOT NULL);
CREATE INDEX requests_old_profile ON public.requests USING btree (old_profile, seq) WHERE (old_profile IS NOT NULL);
CREATE INDEX requests_old_smartcard ON public.requests USING btree (old_smartcard, seq) WHERE (old_smartcard IS NOT NULL);
CREATE INDEX requests_originator ON public.requests USING btree (originator, seq);
CREATE INDEX requests_status ON public.requests USING btree (status, seq);
CREATE INDEX requests_target ON public.requests USING btree (target, seq);
CREATE INDEX requests_template_status ON public.requests USING btree (profile_template, status, seq);
CREATE INDEX smartcards_card_id ON public.smartcards USING btree (card_id, seq);
CREATE UNIQUE INDEX smartcards_living ON public.smartcards USING btree (card_id) WHERE (status <> 'retired'::text);
CREATE INDEX smartcards_user ON public.smartcards USING btree (assigned_user, seq);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_approver_fkey FOREIGN KEY (approver) REFERENCES public.users(uuid);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_request_fkey FOREIGN KEY (request) REFERENCES public.requests(uuid);
ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_owner_fkey FOREIGN KEY (owner) REFERENCES public.users(uuid);
ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_profile_fkey FOREIGN KEY (profile) REFERENCES public.profiles(uuid);
ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_request_fkey FOREIGN KEY (request) REFERENCES public.requests(uuid);
ALTER TABLE ONLY public.certificates
    ADD CONSTRAINT certificates_smartcard_fkey FOREIGN KEY (smartcard) REFERENCES public.smartcards(uuid);
ALTER TABLE ONLY public.offline_answers
    ADD CONSTRAINT offline_answers_request_fkey FOREIGN KEY (request) REFERENCES public.requests(uuid);
ALTER TABLE ONLY public.offline_answers
    ADD CONSTRAINT offline_answers_smartcard_fkey FOREIGN KEY (smartcard) REFERENCES public.smartcards(uuid);
ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_assigned_user_fkey FOREIGN KEY (assigned_user) REFERENCES public.users(uuid);
ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_smartcard_fkey FOREIGN KEY (smartcard) REFERENCES public.smartcards(uuid);
ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_originator_fkey FOREIGN KEY (originator) REFERENCES public.users(uuid);
ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_target_fkey FOREIGN KEY (target) REFERENCES public.users(uuid);
ALTER TABLE ONLY public.responses
    ADD CONSTRAINT responses_serial_fkey FOREIGN KEY (serial) REFERENCES public.certificates(serial);
ALTER TABLE ONLY public.smartcards
    ADD CONSTRAINT smartcards_assigned_user_fkey FOREIGN KEY (assigned_user) REFERENCES public.users(uuid);
