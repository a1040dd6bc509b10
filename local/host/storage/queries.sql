-- name: read_meta
SELECT value FROM meta WHERE key = :key;

-- name: write_meta
INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: find_instance
SELECT * FROM instances WHERE id = :id;

-- name: list_instances
-- A null parameter filters nothing.
SELECT * FROM instances
WHERE id > :after
  AND (:prefix IS NULL OR substr(id, 1, length(:prefix)) = :prefix)
  AND (:created_from IS NULL OR created >= :created_from)
  AND (:created_to IS NULL OR created <= :created_to)
  AND (:statuses IS NULL OR instr(:statuses, ',' || status || ',') > 0)
ORDER BY id LIMIT :top;

-- name: list_entities
-- A null parameter filters nothing.
SELECT * FROM instances
WHERE id > :after AND id >= :prefix AND substr(id, 1, length(:prefix)) = :prefix AND execution = ''
  AND (:operated_from IS NULL OR updated >= :operated_from)
  AND (:operated_to IS NULL OR updated <= :operated_to)
ORDER BY id LIMIT :top;

-- name: put_instance
INSERT OR REPLACE INTO instances
    (id, execution, name, status, input, custom_status, output, created, updated, generation, parent)
VALUES (:id, :execution, :name, :status, :input, NULL, NULL, :created, :created, :generation, :parent);

-- name: put_entity
INSERT INTO instances (id, execution, name, status, input, custom_status, output, created, updated)
VALUES (:id, :execution, :id, 'Running', :input, :custom_status, NULL, :updated, :updated)
ON CONFLICT (id) DO UPDATE
SET input = excluded.input, custom_status = excluded.custom_status, updated = excluded.updated;

-- name: update_instance
UPDATE instances
SET status = :status, custom_status = coalesce(:custom_status, custom_status), output = :output, updated = :updated
WHERE id = :id;

-- name: set_status
UPDATE instances SET status = :status, output = :output, updated = :updated WHERE id = :id;

-- name: delete_finished
-- An entity never finishes; it has no execution.
DELETE FROM instances WHERE id = :id AND (status IN ('Completed', 'Failed', 'Terminated') OR execution = '');

-- name: read_history
SELECT event FROM history WHERE instance = :instance ORDER BY seq;

-- name: first_events
SELECT event FROM history WHERE instance = :instance ORDER BY seq LIMIT 3;

-- name: history_length
SELECT coalesce(max(seq) + 1, 0) FROM history WHERE instance = :instance;

-- name: add_history
INSERT INTO history (instance, seq, event) VALUES (:instance, :seq, :event);

-- name: delete_history
DELETE FROM history WHERE instance = :instance;

-- name: read_messages
SELECT id, execution, event FROM messages WHERE instance = :instance ORDER BY id;

-- name: add_message
INSERT INTO messages (instance, execution, event) VALUES (:instance, :execution, :event);

-- name: delete_message
DELETE FROM messages WHERE id = :id;

-- name: delete_messages
DELETE FROM messages WHERE instance = :instance;

-- name: instances_with_messages
SELECT DISTINCT instance FROM messages ORDER BY id;

-- name: queue_start
INSERT INTO queued_starts (instance, event) VALUES (:instance, :event);

-- name: next_queued_start
SELECT id, event FROM queued_starts WHERE instance = :instance ORDER BY id LIMIT 1;

-- name: delete_queued_start
DELETE FROM queued_starts WHERE id = :id;

-- name: all_activities
SELECT * FROM activities ORDER BY id;

-- name: lease_activity
UPDATE activities SET leased_until = :until WHERE id = :id;

-- name: add_activity
INSERT INTO activities (instance, execution, task, name, input)
VALUES (:instance, :execution, :task, :name, :input);

-- name: delete_activity
DELETE FROM activities WHERE id = :id;

-- name: delete_activities
DELETE FROM activities WHERE instance = :instance;

-- name: all_timers
SELECT * FROM timers;

-- name: add_timer
INSERT OR REPLACE INTO timers (instance, task, execution, due, fire_at)
VALUES (:instance, :task, :execution, :due, :fire_at);

-- name: take_timer
-- Take only this timer: its instance may have started again and set another timer under the same id.
DELETE FROM timers WHERE instance = :instance AND task = :task AND execution = :execution AND due = :due;

-- name: delete_timer
DELETE FROM timers WHERE instance = :instance AND task = :task;

-- name: delete_timers
DELETE FROM timers WHERE instance = :instance;

-- name: give_back
-- Pages that deleted rows have left go back to the file system.
PRAGMA incremental_vacuum;

-- name: last_run
SELECT last FROM schedules WHERE function = :function;

-- name: note_run
INSERT INTO schedules (function, last) VALUES (:function, :last)
ON CONFLICT (function) DO UPDATE SET last = excluded.last;

-- name: count_by_status
SELECT status, count(*) AS number FROM instances GROUP BY status;
