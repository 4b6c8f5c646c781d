-- Administration of users: what a page shows of them, their devices, and an audit that can be searched.

ALTER TABLE users
    ADD COLUMN must_change_password boolean NOT NULL DEFAULT false,
    ADD COLUMN password_changed_at timestamptz,
    ADD COLUMN last_sign_in_at timestamptz,
    -- The history of sessions points at the row for a while; nothing personal is left in it.
    ADD COLUMN deleted_at timestamptz;
CREATE INDEX users_shown ON users (username_key) WHERE deleted_at IS NULL AND NOT anonymous;

-- Devices are named by an id of their own: neither the token nor its hash leaves the service.
ALTER TABLE sign_ins ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid();
CREATE UNIQUE INDEX sign_ins_by_id ON sign_ins (id);

ALTER TABLE audit
    ADD COLUMN request_id text NOT NULL DEFAULT '',
    ADD COLUMN result text NOT NULL DEFAULT 'done' CHECK (result IN ('done', 'refused', 'failed')),
    ADD COLUMN reason text NOT NULL DEFAULT '';        -- a code: wrong_password, forbidden, conflict …
UPDATE audit SET action = 'sign_in', result = 'refused', reason = 'unknown' WHERE action = 'sign_in.failed';

-- Newest first, whatever is asked for.
DROP INDEX audit_by_time;
CREATE INDEX audit_by_time ON audit (at DESC, id DESC);
CREATE INDEX audit_by_actor ON audit (actor_id, at DESC, id DESC) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_by_action ON audit (action, at DESC, id DESC);
CREATE INDEX audit_by_object ON audit (object_id, at DESC, id DESC);
CREATE INDEX audit_by_result ON audit (result, at DESC, id DESC) WHERE result <> 'done';

-- Services add to the audit; the API reads it; nobody of them changes or empties it.
REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM oriel_api, oriel_manager;
REVOKE SELECT ON audit FROM oriel_manager;

-- What each service says of itself every few seconds, for the page of diagnostics; what is old is not running.
CREATE TABLE service_reports (
    service text NOT NULL,
    process text NOT NULL,                             -- one of several that run side by side
    version text NOT NULL,
    ready boolean NOT NULL,
    detail text NOT NULL DEFAULT '',
    memory_bytes bigint NOT NULL DEFAULT 0,
    reported_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, process)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON service_reports TO oriel_api, oriel_manager;
