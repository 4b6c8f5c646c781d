-- What administrators do to sessions and servers: messages, views with the owner's notice, drain, labels, removal, the agent's log.

-- Unread messages and present watchers, as the session's pages show them: kept with the row so that every list and event
-- stream has them without another question. `{"messages":[{id,from,text,sent_at}],"watchers":[{name,since}]}`
ALTER TABLE sessions ADD COLUMN notices jsonb NOT NULL DEFAULT '{}';

CREATE TABLE session_messages (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    sender_id uuid REFERENCES users ON DELETE SET NULL,
    sender text NOT NULL,                          -- the name as it is shown
    text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 2000),
    sent_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz
);
CREATE INDEX session_messages_by_session ON session_messages (session_id, sent_at);

-- Somebody looks at somebody else's screen. The viewer's page renews it; a view that is not renewed is closed by the Manager,
-- so that the owner's notice never ends before the view does.
CREATE TABLE session_watches (
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    viewer uuid NOT NULL,                          -- as in the stream's address
    watcher_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    watcher text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    renewed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, viewer)
);

CREATE FUNCTION refresh_notices() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changed uuid = coalesce(NEW.session_id, OLD.session_id);
BEGIN
    UPDATE sessions s SET notices = jsonb_build_object(
        'messages', coalesce((SELECT jsonb_agg(jsonb_build_object('id', replace(m.id::text, '-', ''), 'from', m.sender, 'text', m.text,
                'sent_at', to_char(m.sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY m.sent_at, m.id)
            FROM session_messages m WHERE m.session_id = s.id AND m.read_at IS NULL), '[]'),
        'watchers', coalesce((SELECT jsonb_agg(jsonb_build_object('name', w.watcher,
                'since', to_char(w.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY w.started_at, w.viewer)
            FROM session_watches w WHERE w.session_id = s.id), '[]'))
    WHERE s.id = changed;
    RETURN NULL;
END $$;
CREATE TRIGGER session_messages_shown AFTER INSERT OR DELETE OR UPDATE OF read_at ON session_messages
    FOR EACH ROW EXECUTE FUNCTION refresh_notices();
CREATE TRIGGER session_watches_shown AFTER INSERT OR DELETE ON session_watches
    FOR EACH ROW EXECUTE FUNCTION refresh_notices();

-- The notice goes: so does the view.
CREATE FUNCTION revoke_watch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO revocations (viewer) VALUES (replace(OLD.viewer::text, '-', ''));
    RETURN NULL;
END $$;
CREATE TRIGGER session_watches_ended AFTER DELETE ON session_watches FOR EACH ROW EXECUTE FUNCTION revoke_watch();

-- Lists of a long history: each order that reads from one end has its index.
CREATE INDEX sessions_by_age ON sessions (created_at DESC, id DESC);
CREATE INDEX sessions_live_by_age ON sessions (created_at DESC, id DESC) WHERE state NOT IN ('ended', 'failed');
CREATE INDEX sessions_by_image ON sessions (image_id, created_at DESC);
CREATE INDEX sessions_by_agent ON sessions (agent_id, created_at DESC) WHERE agent_id IS NOT NULL;

ALTER TABLE agents
    ADD COLUMN draining boolean NOT NULL DEFAULT false,
    ADD COLUMN labels jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN state_since timestamptz NOT NULL DEFAULT now(),  -- of state, enabled and draining together
    ADD COLUMN removed_at timestamptz;                          -- history keeps the name of a server that is gone

CREATE FUNCTION stamp_agent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.state, OLD.enabled, OLD.draining) IS DISTINCT FROM (NEW.state, NEW.enabled, NEW.draining) THEN
        NEW.state_since = clock_timestamp();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agents_stamped BEFORE UPDATE ON agents FOR EACH ROW EXECUTE FUNCTION stamp_agent();

DROP TRIGGER agents_changed ON agents;
CREATE TRIGGER agents_changed AFTER UPDATE ON agents FOR EACH ROW
    WHEN ((OLD.state, OLD.enabled, OLD.draining, OLD.labels, OLD.removed_at, OLD.cores_override, OLD.memory_override_bytes,
           OLD.images, OLD.networks, OLD.zone_id, OLD.hostname, OLD.version)
          IS DISTINCT FROM (NEW.state, NEW.enabled, NEW.draining, NEW.labels, NEW.removed_at, NEW.cores_override,
           NEW.memory_override_bytes, NEW.images, NEW.networks, NEW.zone_id, NEW.hostname, NEW.version))
    EXECUTE FUNCTION notify_agent();

-- What agents log, only while somebody reads it: a few hundred lines each, and nothing that must survive.
CREATE UNLOGGED TABLE agent_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    line text NOT NULL
);
CREATE INDEX agent_log_by_agent ON agent_log (agent_id, id);
CREATE UNLOGGED TABLE agent_log_readers (
    agent_id uuid PRIMARY KEY REFERENCES agents ON DELETE CASCADE,
    wanted_until timestamptz NOT NULL
);

GRANT SELECT, INSERT ON session_messages TO oriel_api;
GRANT UPDATE (read_at) ON session_messages TO oriel_api;
GRANT SELECT, INSERT, DELETE ON session_watches TO oriel_api;
GRANT UPDATE (renewed_at) ON session_watches TO oriel_api;
GRANT SELECT, DELETE ON session_watches TO oriel_manager;
GRANT UPDATE (draining, labels, removed_at) ON agents TO oriel_api;
GRANT SELECT, INSERT, UPDATE ON agent_log_readers TO oriel_api;
GRANT SELECT ON agent_log_readers TO oriel_manager;
GRANT SELECT ON agent_log TO oriel_api;
GRANT SELECT, INSERT, DELETE ON agent_log TO oriel_manager;
