-- What Vedette 0.1 (commit 0525659) left on PostgreSQL after it had counted people crossing a line; made by its own program.

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
CREATE SCHEMA mart;
CREATE SCHEMA vedette;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE mart.camera (
    id text NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    is_loop boolean NOT NULL,
    starts_at timestamp with time zone,
    model text,
    types text NOT NULL,
    is_enabled boolean NOT NULL,
    revision bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE mart.camera_line (
    id text NOT NULL,
    camera_id text NOT NULL,
    place integer NOT NULL,
    name text NOT NULL,
    x1 double precision NOT NULL,
    y1 double precision NOT NULL,
    x2 double precision NOT NULL,
    y2 double precision NOT NULL,
    a_to_b text NOT NULL,
    b_to_a text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone
);
CREATE TABLE mart.camera_run (
    id bigint NOT NULL,
    camera_id text NOT NULL,
    revision bigint NOT NULL,
    detector text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    base_time timestamp with time zone NOT NULL,
    frames bigint NOT NULL,
    media_us bigint NOT NULL,
    finished_at timestamp with time zone
);
ALTER TABLE mart.camera_run ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mart.camera_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE mart.camera_status (
    camera_id text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    sampled_at timestamp with time zone,
    status text NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE mart.coverage_5min (
    bucket timestamp with time zone NOT NULL,
    camera_id text NOT NULL,
    coverage_us bigint NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE mart.coverage_hour (
    bucket timestamp with time zone NOT NULL,
    camera_id text NOT NULL,
    coverage_us bigint NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE mart.crossings (
    id bigint NOT NULL,
    camera_id text NOT NULL,
    line_id text NOT NULL,
    track_id bigint NOT NULL,
    direction text NOT NULL,
    vehicle_type text NOT NULL,
    crossed_at timestamp with time zone NOT NULL,
    x double precision NOT NULL,
    y double precision NOT NULL,
    frame bigint NOT NULL,
    "position" bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL
);
ALTER TABLE mart.crossings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mart.crossings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE mart.current_traffic (
    camera_id text,
    vehicle_type text,
    track_id bigint,
    x_coord double precision,
    y_coord double precision,
    avg_speed double precision,
    count integer DEFAULT 1,
    last_update timestamp with time zone,
    "position" bigint DEFAULT ((pg_current_xact_id())::text)::bigint,
    first_seen timestamp with time zone,
    is_moving boolean
);
CREATE TABLE mart.quality_log (
    id bigint NOT NULL,
    issue text,
    ts timestamp with time zone DEFAULT now(),
    camera_id text,
    cause text,
    ended_at timestamp with time zone
);
CREATE SEQUENCE mart.quality_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE mart.quality_log_id_seq OWNED BY mart.quality_log.id;
CREATE TABLE mart.rollup_state (
    name text NOT NULL,
    "position" bigint NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE mart.track_seen (
    bucket timestamp with time zone NOT NULL,
    kind integer NOT NULL,
    camera_id text NOT NULL,
    track_id bigint NOT NULL
);
CREATE TABLE mart.traffic_5min (
    bucket timestamp with time zone NOT NULL,
    camera_id text NOT NULL,
    vehicle_type text NOT NULL,
    tracks bigint DEFAULT 0 NOT NULL,
    crossers bigint DEFAULT 0 NOT NULL,
    crossings bigint DEFAULT 0 NOT NULL,
    samples bigint DEFAULT 0 NOT NULL,
    vehicles bigint DEFAULT 0 NOT NULL
);
CREATE TABLE mart.traffic_history (
    report_hour timestamp with time zone,
    camera_id text,
    vehicle_type text,
    avg_speed double precision,
    intensity double precision,
    density double precision,
    coverage_s double precision,
    crossings bigint,
    vehicles bigint,
    tracks bigint,
    crossers bigint,
    samples bigint
);
CREATE TABLE mart.watch_span (
    id bigint NOT NULL,
    camera_id text NOT NULL,
    run_id bigint NOT NULL,
    from_t timestamp with time zone NOT NULL,
    to_t timestamp with time zone NOT NULL,
    rolled_to timestamp with time zone NOT NULL
)
WITH (fillfactor='50');
ALTER TABLE mart.watch_span ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mart.watch_span_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE vedette.lease (
    name text NOT NULL,
    holder text,
    process text DEFAULT ''::text NOT NULL,
    token bigint DEFAULT 0 NOT NULL,
    acquired_at timestamp with time zone NOT NULL,
    renewed_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    previous_holder text,
    previous_process text DEFAULT ''::text NOT NULL,
    previous_ended_at timestamp with time zone
)
WITH (fillfactor='70');
CREATE TABLE vedette.lease_history (
    name text NOT NULL,
    token bigint NOT NULL,
    holder text NOT NULL,
    process text NOT NULL,
    acquired_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by text DEFAULT ''::text NOT NULL
);
CREATE TABLE vedette.loop_state (
    name text NOT NULL,
    process_id text NOT NULL,
    title text NOT NULL,
    role text NOT NULL,
    lease text NOT NULL,
    state text NOT NULL,
    word text NOT NULL,
    health text NOT NULL,
    cause text NOT NULL,
    remedy text NOT NULL,
    since timestamp with time zone NOT NULL,
    held_by text NOT NULL,
    token bigint NOT NULL,
    last_success_at timestamp with time zone,
    last_took_us bigint,
    next_run_at timestamp with time zone,
    last_error text NOT NULL,
    last_error_at timestamp with time zone,
    restarts bigint NOT NULL,
    restarts_today bigint NOT NULL,
    restarts_day timestamp with time zone
)
WITH (fillfactor='70');
CREATE TABLE vedette.process (
    id text NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    roles text NOT NULL,
    version text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    heartbeat_at timestamp with time zone NOT NULL,
    resident_bytes bigint NOT NULL,
    stopped_at timestamp with time zone
)
WITH (fillfactor='70');
CREATE TABLE vedette.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY mart.quality_log ALTER COLUMN id SET DEFAULT nextval('mart.quality_log_id_seq'::regclass);
INSERT INTO mart.camera VALUES
	('path', 'Car park', '/samples/traffic/vtest.avi', false, '2026-11-23 09:58:40+00', '/samples/models/ssd_mobilenet_v2_coco.xml', 'person', true, 2, '2026-11-27 09:37:29.452568+00', '2026-11-27 09:37:29.488374+00'),
	('mill-street', 'Mill Street', 'rtsp://user:s3cret@127.0.0.1:1/stream', false, NULL, NULL, 'car,truck,bus,motorcycle', false, 1, '2026-11-27 09:37:29.492178+00', '2026-11-27 09:37:29.492178+00');
INSERT INTO mart.camera_line VALUES
	('1e1ec0cd6dbbcc29', 'path', 0, 'Path', 60, 330, 700, 330, 'towards the camera', 'away', '2026-11-27 09:37:29.476145+00', NULL),
	('870ca3a0d02e7ce6', 'path', 1, 'Gate', 560, 60, 760, 200, '', '', '2026-11-27 09:37:29.476466+00', NULL),
	('82ccdc6d41b21520', 'mill-street', 0, 'Bridge', 10, 20, 300, 20.5, 'in', 'out', '2026-11-27 09:37:29.496016+00', NULL);
INSERT INTO mart.camera_run OVERRIDING SYSTEM VALUE VALUES
	(1, 'path', 2, 'SSD-MobileNetV2 (COCO)', '2026-11-27 09:37:32.02019+00', '2026-11-23 09:58:40+00', 795, 79400000, '2026-11-27 09:38:47.569869+00');
INSERT INTO mart.camera_status VALUES
	('path', '2026-11-27 09:38:47.569923+00', '2026-11-23 09:59:59+00', '{"width":768,"height":576,"fps_source":1E1,"fps_decoded":1.5081414547460955E1,"fps_inferred":1.3864825489322563E1,"frames":795,"dropped":0,"model":"SSD-MobileNetV2 (COCO)","is_motion":false,"engine":"openvino 2026.4.1","precision":"f32","licence":"Apache-2.0","ms":1.4241293837859772E2,"in_view":9,"moving":9,"period":0,"media_s":7.94E1}');
INSERT INTO mart.coverage_5min VALUES
	('2026-11-23 09:55:00+00', 'path', 79400000);
INSERT INTO mart.coverage_hour VALUES
	('2026-11-23 09:00:00+00', 'path', 79400000);
INSERT INTO mart.crossings OVERRIDING SYSTEM VALUE VALUES
	(1, 'path', '1e1ec0cd6dbbcc29', 1000011, 'b_to_a', 'person', '2026-11-23 09:58:44+00', 606.1599731445312, 330, 40, 792),
	(2, 'path', '1e1ec0cd6dbbcc29', 1000007, 'b_to_a', 'person', '2026-11-23 09:58:44.1+00', 623.531982421875, 330, 41, 792),
	(3, 'path', '1e1ec0cd6dbbcc29', 1000012, 'b_to_a', 'person', '2026-11-23 09:58:46.5+00', 620.249755859375, 330, 65, 804),
	(4, 'path', '1e1ec0cd6dbbcc29', 1000034, 'b_to_a', 'person', '2026-11-23 09:58:54.6+00', 660.8158569335938, 330, 146, 849),
	(5, 'path', '870ca3a0d02e7ce6', 1000012, 'b_to_a', 'person', '2026-11-23 09:58:54.9+00', 717.19677734375, 170.03773498535156, 149, 849),
	(6, 'path', '870ca3a0d02e7ce6', 1000029, 'b_to_a', 'person', '2026-11-23 09:58:55.1+00', 736.1632080078125, 183.3142547607422, 151, 853),
	(7, 'path', '1e1ec0cd6dbbcc29', 1000030, 'a_to_b', 'person', '2026-11-23 09:58:59.2+00', 567.541015625, 330, 192, 871),
	(8, 'path', '1e1ec0cd6dbbcc29', 1000071, 'b_to_a', 'person', '2026-11-23 09:59:07.4+00', 488.3231201171875, 330, 274, 913),
	(9, 'path', '1e1ec0cd6dbbcc29', 1000115, 'a_to_b', 'person', '2026-11-23 09:59:16.2+00', 441.3899841308594, 330, 362, 969),
	(10, 'path', '1e1ec0cd6dbbcc29', 1000122, 'b_to_a', 'person', '2026-11-23 09:59:25.6+00', 555.9503173828125, 330, 456, 1020),
	(11, 'path', '1e1ec0cd6dbbcc29', 1000113, 'a_to_b', 'person', '2026-11-23 09:59:27.8+00', 579.6929321289062, 330, 478, 1031),
	(12, 'path', '1e1ec0cd6dbbcc29', 1000114, 'a_to_b', 'person', '2026-11-23 09:59:28.3+00', 493.1070861816406, 330, 483, 1031),
	(13, 'path', '1e1ec0cd6dbbcc29', 1000130, 'a_to_b', 'person', '2026-11-23 09:59:32.4+00', 656.1849365234375, 330, 524, 1054),
	(14, 'path', '1e1ec0cd6dbbcc29', 1000131, 'b_to_a', 'person', '2026-11-23 09:59:44.3+00', 513.265869140625, 330, 643, 1098),
	(15, 'path', '1e1ec0cd6dbbcc29', 1000168, 'b_to_a', 'person', '2026-11-23 09:59:48.8+00', 427.5473327636719, 330, 688, 1110),
	(16, 'path', '1e1ec0cd6dbbcc29', 1000137, 'b_to_a', 'person', '2026-11-23 09:59:52.6+00', 88.94327545166016, 330, 726, 1132),
	(17, 'path', '1e1ec0cd6dbbcc29', 1000164, 'a_to_b', 'person', '2026-11-23 09:59:56.9+00', 272.7179260253906, 330, 769, 1144),
	(18, 'path', '1e1ec0cd6dbbcc29', 1000197, 'a_to_b', 'person', '2026-11-23 09:59:57.5+00', 540.1951904296875, 330, 775, 1150),
	(19, 'path', '1e1ec0cd6dbbcc29', 1000183, 'a_to_b', 'person', '2026-11-23 09:59:59.4+00', 656.17333984375, 330, 794, 1152);
INSERT INTO mart.current_traffic VALUES
	('path', 'person', 1000131, 505.38470458984375, 268.4980773925781, NULL, 1, '2026-11-23 09:59:52+00', 1127, '2026-11-23 09:59:30.5+00', true),
	('path', 'person', 1000137, 73.11058044433594, 339.8403015136719, NULL, 1, '2026-11-23 09:59:52+00', 1127, '2026-11-23 09:59:33.4+00', true),
	('path', 'person', 1000164, 314.9975280761719, 242.999267578125, NULL, 1, '2026-11-23 09:59:52+00', 1127, '2026-11-23 09:59:44.8+00', true),
	('path', 'person', 1000175, 439.8503112792969, 209.1041717529297, NULL, 1, '2026-11-23 09:59:52+00', 1127, '2026-11-23 09:59:47.5+00', true),
	('path', 'person', 1000181, 328.34912109375, 222.0618133544922, NULL, 1, '2026-11-23 09:59:52+00', 1127, '2026-11-23 09:59:48.7+00', true),
	('path', 'person', 1000183, 576.3418579101562, 287.62847900390625, NULL, 1, '2026-11-23 09:59:52+00', 1127, '2026-11-23 09:59:49+00', true),
	('path', 'person', 1000187, 148.55105590820312, 258.6072082519531, NULL, 1, '2026-11-23 09:59:52+00', 1127, '2026-11-23 09:59:50+00', true),
	('path', 'person', 1000189, 273.8020324707031, 256.9549255371094, NULL, 1, '2026-11-23 09:59:52+00', 1127, '2026-11-23 09:59:50.1+00', true),
	('path', 'person', 1000197, 483.8079528808594, 278.6570129394531, NULL, 1, '2026-11-23 09:59:52+00', 1127, '2026-11-23 09:59:51.5+00', true),
	('path', 'person', 1000114, 600.2875366210938, 176.07334899902344, NULL, 1, '2026-11-23 09:59:53+00', 1132, '2026-11-23 09:59:15.6+00', true),
	('path', 'person', 1000131, 529.4055786132812, 280.5002746582031, NULL, 1, '2026-11-23 09:59:53+00', 1132, '2026-11-23 09:59:30.5+00', true),
	('path', 'person', 1000137, 109.16080474853516, 315.4611511230469, NULL, 1, '2026-11-23 09:59:53+00', 1132, '2026-11-23 09:59:33.4+00', true),
	('path', 'person', 1000164, 305.3250732421875, 265.90985107421875, NULL, 1, '2026-11-23 09:59:53+00', 1132, '2026-11-23 09:59:44.8+00', true),
	('path', 'person', 1000175, 442.3430480957031, 209.94186401367188, NULL, 1, '2026-11-23 09:59:53+00', 1132, '2026-11-23 09:59:47.5+00', true),
	('path', 'person', 1000183, 560.408935546875, 270.52197265625, NULL, 1, '2026-11-23 09:59:53+00', 1132, '2026-11-23 09:59:49+00', true),
	('path', 'person', 1000187, 72.41278839111328, 244.90869140625, NULL, 1, '2026-11-23 09:59:53+00', 1132, '2026-11-23 09:59:50+00', true),
	('path', 'person', 1000197, 517.5619506835938, 281.3956604003906, NULL, 1, '2026-11-23 09:59:53+00', 1132, '2026-11-23 09:59:51.5+00', true),
	('path', 'person', 1000200, 588.4707641601562, 200.09390258789062, NULL, 1, '2026-11-23 09:59:53+00', 1132, '2026-11-23 09:59:52+00', true),
	('path', 'person', 1000114, 608.4578247070312, 152.4551239013672, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:15.6+00', true),
	('path', 'person', 1000131, 565.4027099609375, 258.9261169433594, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:30.5+00', true),
	('path', 'person', 1000137, 138.76760864257812, 298.4881286621094, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:33.4+00', true),
	('path', 'person', 1000164, 291.7420654296875, 271.82440185546875, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:44.8+00', true),
	('path', 'person', 1000175, 442.2209167480469, 212.3051300048828, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:47.5+00', false),
	('path', 'person', 1000183, 589.2192993164062, 314.8628234863281, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:49+00', true),
	('path', 'person', 1000187, 26.396272659301758, 235.59652709960938, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:50+00', true),
	('path', 'person', 1000189, 353.2006530761719, 280.35650634765625, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:50.1+00', true),
	('path', 'person', 1000197, 450.84765625, 275.7705078125, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:51.5+00', true),
	('path', 'person', 1000200, 634.19873046875, 173.81097412109375, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:52+00', true),
	('path', 'person', 1000205, 175.16635131835938, 280.3521728515625, NULL, 1, '2026-11-23 09:59:54+00', 1138, '2026-11-23 09:59:53+00', true),
	('path', 'person', 1000114, 602.2534790039062, 150.8231201171875, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:15.6+00', true),
	('path', 'person', 1000131, 517.2188110351562, 252.3429412841797, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:30.5+00', true),
	('path', 'person', 1000137, 199.2129669189453, 280.8092956542969, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:33.4+00', true),
	('path', 'person', 1000164, 256.0591125488281, 304.76104736328125, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:44.8+00', true),
	('path', 'person', 1000175, 442.9454650878906, 209.5613250732422, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:47.5+00', false),
	('path', 'person', 1000183, 655.7822265625, 312.6116638183594, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:49+00', true),
	('path', 'person', 1000187, 1.021627426147461, 180.5570068359375, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:50+00', true),
	('path', 'person', 1000189, 386.7996826171875, 272.55902099609375, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:50.1+00', true),
	('path', 'person', 1000197, 424.1244201660156, 287.60125732421875, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:51.5+00', true),
	('path', 'person', 1000200, 671.7208251953125, 176.13067626953125, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:52+00', true),
	('path', 'person', 1000205, 191.71865844726562, 286.3511047363281, NULL, 1, '2026-11-23 09:59:55+00', 1138, '2026-11-23 09:59:53+00', false),
	('path', 'person', 1000131, 464.0539245605469, 305.5173034667969, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:30.5+00', true),
	('path', 'person', 1000137, 242.3904571533203, 270.93792724609375, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:33.4+00', true),
	('path', 'person', 1000164, 256.9498596191406, 326.645263671875, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:44.8+00', true),
	('path', 'person', 1000175, 440.9401550292969, 209.44918823242188, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:47.5+00', false),
	('path', 'person', 1000183, 661.4021606445312, 306.51708984375, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:49+00', true),
	('path', 'person', 1000189, 327.2229919433594, 254.24258422851562, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:50.1+00', true),
	('path', 'person', 1000197, 473.44000244140625, 308.5267639160156, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:51.5+00', true),
	('path', 'person', 1000200, 689.3963623046875, 188.97317504882812, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:52+00', true),
	('path', 'person', 1000205, 177.91273498535156, 279.66632080078125, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:53+00', false),
	('path', 'person', 1000213, 704.23291015625, 191.4534149169922, NULL, 1, '2026-11-23 09:59:56+00', 1144, '2026-11-23 09:59:55.8+00', true),
	('path', 'person', 1000175, 440.8591003417969, 207.96710205078125, NULL, 1, '2026-11-23 09:59:57+00', 1150, '2026-11-23 09:59:47.5+00', true),
	('path', 'person', 1000183, 631.3228149414062, 287.683349609375, NULL, 1, '2026-11-23 09:59:57+00', 1150, '2026-11-23 09:59:49+00', true),
	('path', 'person', 1000189, 286.8240051269531, 262.65118408203125, NULL, 1, '2026-11-23 09:59:57+00', 1150, '2026-11-23 09:59:50.1+00', true),
	('path', 'person', 1000197, 523.90087890625, 322.1125793457031, NULL, 1, '2026-11-23 09:59:57+00', 1150, '2026-11-23 09:59:51.5+00', true),
	('path', 'person', 1000200, 689.6580200195312, 187.6413116455078, NULL, 1, '2026-11-23 09:59:57+00', 1150, '2026-11-23 09:59:52+00', true),
	('path', 'person', 1000205, 179.45579528808594, 281.2121887207031, NULL, 1, '2026-11-23 09:59:57+00', 1150, '2026-11-23 09:59:53+00', false),
	('path', 'person', 1000213, 702.5711059570312, 197.42942810058594, NULL, 1, '2026-11-23 09:59:57+00', 1150, '2026-11-23 09:59:55.8+00', true),
	('path', 'person', 1000137, 307.33648681640625, 214.21697998046875, NULL, 1, '2026-11-23 09:59:58+00', 1150, '2026-11-23 09:59:33.4+00', true),
	('path', 'person', 1000164, 372.8859558105469, 361.41241455078125, NULL, 1, '2026-11-23 09:59:58+00', 1150, '2026-11-23 09:59:44.8+00', true),
	('path', 'person', 1000175, 441.0408020019531, 209.8532257080078, NULL, 1, '2026-11-23 09:59:58+00', 1150, '2026-11-23 09:59:47.5+00', true),
	('path', 'person', 1000183, 625.0440063476562, 294.2340393066406, NULL, 1, '2026-11-23 09:59:58+00', 1150, '2026-11-23 09:59:49+00', true),
	('path', 'person', 1000189, 258.3206481933594, 227.96673583984375, NULL, 1, '2026-11-23 09:59:58+00', 1150, '2026-11-23 09:59:50.1+00', true),
	('path', 'person', 1000197, 580.1466674804688, 344.55926513671875, NULL, 1, '2026-11-23 09:59:58+00', 1150, '2026-11-23 09:59:51.5+00', true),
	('path', 'person', 1000200, 673.1201782226562, 198.1338348388672, NULL, 1, '2026-11-23 09:59:58+00', 1150, '2026-11-23 09:59:52+00', true),
	('path', 'person', 1000213, 719.152587890625, 193.18328857421875, NULL, 1, '2026-11-23 09:59:58+00', 1150, '2026-11-23 09:59:55.8+00', true),
	('path', 'person', 1000217, 328.5491638183594, 271.107177734375, NULL, 1, '2026-11-23 09:59:58+00', 1150, '2026-11-23 09:59:57+00', true),
	('path', 'person', 1000164, 436.2726135253906, 369.1944580078125, NULL, 1, '2026-11-23 09:59:59+00', 1152, '2026-11-23 09:59:44.8+00', true),
	('path', 'person', 1000175, 434.3809814453125, 211.3854217529297, NULL, 1, '2026-11-23 09:59:59+00', 1152, '2026-11-23 09:59:47.5+00', false),
	('path', 'person', 1000183, 647.943359375, 287.80908203125, NULL, 1, '2026-11-23 09:59:59+00', 1152, '2026-11-23 09:59:49+00', true),
	('path', 'person', 1000189, 269.4707946777344, 226.01431274414062, NULL, 1, '2026-11-23 09:59:59+00', 1152, '2026-11-23 09:59:50.1+00', true),
	('path', 'person', 1000197, 633.6829223632812, 325.6899719238281, NULL, 1, '2026-11-23 09:59:59+00', 1152, '2026-11-23 09:59:51.5+00', true),
	('path', 'person', 1000200, 659.1044921875, 209.29981994628906, NULL, 1, '2026-11-23 09:59:59+00', 1152, '2026-11-23 09:59:52+00', true),
	('path', 'person', 1000217, 260.2845458984375, 267.8936462402344, NULL, 1, '2026-11-23 09:59:59+00', 1152, '2026-11-23 09:59:57+00', true),
	('path', 'person', 1000220, 234.43580627441406, 234.50592041015625, NULL, 1, '2026-11-23 09:59:59+00', 1152, '2026-11-23 09:59:58+00', true),
	('path', 'person', 1000221, 385.297119140625, 232.06637573242188, NULL, 1, '2026-11-23 09:59:59+00', 1152, '2026-11-23 09:59:58.1+00', true);
INSERT INTO mart.quality_log VALUES
	(1, 'source unreachable', '2026-11-27 09:37:29.680874+00', 'gone', 'There is no file /nowhere/clip.mp4; check the path.', '2026-11-27 09:38:55.759706+00');
INSERT INTO mart.rollup_state VALUES
	('live', 1153),
	('crossings', 1153);
INSERT INTO mart.track_seen VALUES
	('2026-11-23 09:00:00+00', 1, 'path', 1000001),
	('2026-11-23 09:00:00+00', 1, 'path', 1000002),
	('2026-11-23 09:00:00+00', 1, 'path', 1000003),
	('2026-11-23 09:55:00+00', 0, 'path', 1000001),
	('2026-11-23 09:55:00+00', 0, 'path', 1000002),
	('2026-11-23 09:55:00+00', 0, 'path', 1000003),
	('2026-11-23 09:00:00+00', 1, 'path', 1000007),
	('2026-11-23 09:00:00+00', 1, 'path', 1000011),
	('2026-11-23 09:55:00+00', 0, 'path', 1000007),
	('2026-11-23 09:55:00+00', 0, 'path', 1000011),
	('2026-11-23 09:00:00+00', 3, 'path', 1000007),
	('2026-11-23 09:00:00+00', 3, 'path', 1000011),
	('2026-11-23 09:55:00+00', 2, 'path', 1000007),
	('2026-11-23 09:55:00+00', 2, 'path', 1000011),
	('2026-11-23 09:00:00+00', 1, 'path', 1000012),
	('2026-11-23 09:00:00+00', 1, 'path', 1000013),
	('2026-11-23 09:55:00+00', 0, 'path', 1000012),
	('2026-11-23 09:55:00+00', 0, 'path', 1000013),
	('2026-11-23 09:00:00+00', 1, 'path', 1000014),
	('2026-11-23 09:00:00+00', 1, 'path', 1000015),
	('2026-11-23 09:00:00+00', 3, 'path', 1000012),
	('2026-11-23 09:55:00+00', 0, 'path', 1000014),
	('2026-11-23 09:55:00+00', 0, 'path', 1000015),
	('2026-11-23 09:55:00+00', 2, 'path', 1000012),
	('2026-11-23 09:00:00+00', 1, 'path', 1000018),
	('2026-11-23 09:00:00+00', 1, 'path', 1000020),
	('2026-11-23 09:55:00+00', 0, 'path', 1000018),
	('2026-11-23 09:55:00+00', 0, 'path', 1000020),
	('2026-11-23 09:00:00+00', 1, 'path', 1000021),
	('2026-11-23 09:55:00+00', 0, 'path', 1000021),
	('2026-11-23 09:00:00+00', 1, 'path', 1000022),
	('2026-11-23 09:55:00+00', 0, 'path', 1000022),
	('2026-11-23 09:00:00+00', 1, 'path', 1000024),
	('2026-11-23 09:00:00+00', 1, 'path', 1000025),
	('2026-11-23 09:00:00+00', 1, 'path', 1000028),
	('2026-11-23 09:00:00+00', 1, 'path', 1000029),
	('2026-11-23 09:00:00+00', 1, 'path', 1000030),
	('2026-11-23 09:00:00+00', 1, 'path', 1000032),
	('2026-11-23 09:55:00+00', 0, 'path', 1000024),
	('2026-11-23 09:55:00+00', 0, 'path', 1000025),
	('2026-11-23 09:55:00+00', 0, 'path', 1000028),
	('2026-11-23 09:55:00+00', 0, 'path', 1000029),
	('2026-11-23 09:55:00+00', 0, 'path', 1000030),
	('2026-11-23 09:55:00+00', 0, 'path', 1000032),
	('2026-11-23 09:00:00+00', 1, 'path', 1000034),
	('2026-11-23 09:55:00+00', 0, 'path', 1000034),
	('2026-11-23 09:00:00+00', 1, 'path', 1000038),
	('2026-11-23 09:00:00+00', 1, 'path', 1000039),
	('2026-11-23 09:00:00+00', 3, 'path', 1000034),
	('2026-11-23 09:55:00+00', 0, 'path', 1000038),
	('2026-11-23 09:55:00+00', 0, 'path', 1000039),
	('2026-11-23 09:55:00+00', 2, 'path', 1000034),
	('2026-11-23 09:00:00+00', 1, 'path', 1000044),
	('2026-11-23 09:00:00+00', 1, 'path', 1000046),
	('2026-11-23 09:00:00+00', 3, 'path', 1000029),
	('2026-11-23 09:55:00+00', 0, 'path', 1000044),
	('2026-11-23 09:55:00+00', 0, 'path', 1000046),
	('2026-11-23 09:55:00+00', 2, 'path', 1000029),
	('2026-11-23 09:00:00+00', 1, 'path', 1000047),
	('2026-11-23 09:55:00+00', 0, 'path', 1000047),
	('2026-11-23 09:00:00+00', 3, 'path', 1000030),
	('2026-11-23 09:55:00+00', 2, 'path', 1000030),
	('2026-11-23 09:00:00+00', 1, 'path', 1000055),
	('2026-11-23 09:55:00+00', 0, 'path', 1000055),
	('2026-11-23 09:00:00+00', 1, 'path', 1000064),
	('2026-11-23 09:55:00+00', 0, 'path', 1000064),
	('2026-11-23 09:00:00+00', 1, 'path', 1000066),
	('2026-11-23 09:00:00+00', 1, 'path', 1000070),
	('2026-11-23 09:00:00+00', 1, 'path', 1000071),
	('2026-11-23 09:55:00+00', 0, 'path', 1000066),
	('2026-11-23 09:55:00+00', 0, 'path', 1000070),
	('2026-11-23 09:55:00+00', 0, 'path', 1000071),
	('2026-11-23 09:00:00+00', 1, 'path', 1000075),
	('2026-11-23 09:55:00+00', 0, 'path', 1000075),
	('2026-11-23 09:00:00+00', 1, 'path', 1000077),
	('2026-11-23 09:00:00+00', 1, 'path', 1000080),
	('2026-11-23 09:00:00+00', 1, 'path', 1000081),
	('2026-11-23 09:00:00+00', 3, 'path', 1000071),
	('2026-11-23 09:55:00+00', 0, 'path', 1000077),
	('2026-11-23 09:55:00+00', 0, 'path', 1000080),
	('2026-11-23 09:55:00+00', 0, 'path', 1000081),
	('2026-11-23 09:55:00+00', 2, 'path', 1000071),
	('2026-11-23 09:00:00+00', 1, 'path', 1000088),
	('2026-11-23 09:00:00+00', 1, 'path', 1000089),
	('2026-11-23 09:00:00+00', 1, 'path', 1000090),
	('2026-11-23 09:55:00+00', 0, 'path', 1000088),
	('2026-11-23 09:55:00+00', 0, 'path', 1000089),
	('2026-11-23 09:55:00+00', 0, 'path', 1000090),
	('2026-11-23 09:00:00+00', 1, 'path', 1000093),
	('2026-11-23 09:55:00+00', 0, 'path', 1000093),
	('2026-11-23 09:00:00+00', 1, 'path', 1000094),
	('2026-11-23 09:00:00+00', 1, 'path', 1000095),
	('2026-11-23 09:55:00+00', 0, 'path', 1000094),
	('2026-11-23 09:55:00+00', 0, 'path', 1000095),
	('2026-11-23 09:00:00+00', 1, 'path', 1000100),
	('2026-11-23 09:00:00+00', 1, 'path', 1000101),
	('2026-11-23 09:55:00+00', 0, 'path', 1000100),
	('2026-11-23 09:55:00+00', 0, 'path', 1000101),
	('2026-11-23 09:00:00+00', 1, 'path', 1000107),
	('2026-11-23 09:00:00+00', 1, 'path', 1000108),
	('2026-11-23 09:00:00+00', 1, 'path', 1000112),
	('2026-11-23 09:00:00+00', 1, 'path', 1000113),
	('2026-11-23 09:00:00+00', 1, 'path', 1000114),
	('2026-11-23 09:00:00+00', 1, 'path', 1000115),
	('2026-11-23 09:55:00+00', 0, 'path', 1000107),
	('2026-11-23 09:55:00+00', 0, 'path', 1000108),
	('2026-11-23 09:55:00+00', 0, 'path', 1000112),
	('2026-11-23 09:55:00+00', 0, 'path', 1000113),
	('2026-11-23 09:55:00+00', 0, 'path', 1000114),
	('2026-11-23 09:55:00+00', 0, 'path', 1000115),
	('2026-11-23 09:00:00+00', 3, 'path', 1000115),
	('2026-11-23 09:55:00+00', 2, 'path', 1000115),
	('2026-11-23 09:00:00+00', 1, 'path', 1000119),
	('2026-11-23 09:55:00+00', 0, 'path', 1000119),
	('2026-11-23 09:00:00+00', 1, 'path', 1000122),
	('2026-11-23 09:55:00+00', 0, 'path', 1000122),
	('2026-11-23 09:00:00+00', 3, 'path', 1000122),
	('2026-11-23 09:55:00+00', 2, 'path', 1000122),
	('2026-11-23 09:00:00+00', 1, 'path', 1000125),
	('2026-11-23 09:55:00+00', 0, 'path', 1000125),
	('2026-11-23 09:00:00+00', 3, 'path', 1000113),
	('2026-11-23 09:00:00+00', 3, 'path', 1000114),
	('2026-11-23 09:55:00+00', 2, 'path', 1000113),
	('2026-11-23 09:55:00+00', 2, 'path', 1000114),
	('2026-11-23 09:00:00+00', 1, 'path', 1000128),
	('2026-11-23 09:00:00+00', 1, 'path', 1000130),
	('2026-11-23 09:00:00+00', 1, 'path', 1000131),
	('2026-11-23 09:55:00+00', 0, 'path', 1000128),
	('2026-11-23 09:55:00+00', 0, 'path', 1000130),
	('2026-11-23 09:55:00+00', 0, 'path', 1000131),
	('2026-11-23 09:00:00+00', 3, 'path', 1000130),
	('2026-11-23 09:55:00+00', 2, 'path', 1000130),
	('2026-11-23 09:00:00+00', 1, 'path', 1000137),
	('2026-11-23 09:55:00+00', 0, 'path', 1000137),
	('2026-11-23 09:00:00+00', 1, 'path', 1000138),
	('2026-11-23 09:55:00+00', 0, 'path', 1000138),
	('2026-11-23 09:00:00+00', 1, 'path', 1000140),
	('2026-11-23 09:55:00+00', 0, 'path', 1000140),
	('2026-11-23 09:00:00+00', 1, 'path', 1000144),
	('2026-11-23 09:55:00+00', 0, 'path', 1000144),
	('2026-11-23 09:00:00+00', 1, 'path', 1000152),
	('2026-11-23 09:55:00+00', 0, 'path', 1000152),
	('2026-11-23 09:00:00+00', 1, 'path', 1000160),
	('2026-11-23 09:00:00+00', 1, 'path', 1000161),
	('2026-11-23 09:55:00+00', 0, 'path', 1000160),
	('2026-11-23 09:55:00+00', 0, 'path', 1000161),
	('2026-11-23 09:00:00+00', 1, 'path', 1000163),
	('2026-11-23 09:00:00+00', 1, 'path', 1000164),
	('2026-11-23 09:00:00+00', 1, 'path', 1000165),
	('2026-11-23 09:00:00+00', 1, 'path', 1000168),
	('2026-11-23 09:00:00+00', 3, 'path', 1000131),
	('2026-11-23 09:55:00+00', 0, 'path', 1000163),
	('2026-11-23 09:55:00+00', 0, 'path', 1000164),
	('2026-11-23 09:55:00+00', 0, 'path', 1000165),
	('2026-11-23 09:55:00+00', 0, 'path', 1000168),
	('2026-11-23 09:55:00+00', 2, 'path', 1000131),
	('2026-11-23 09:00:00+00', 1, 'path', 1000169),
	('2026-11-23 09:00:00+00', 1, 'path', 1000172),
	('2026-11-23 09:55:00+00', 0, 'path', 1000169),
	('2026-11-23 09:55:00+00', 0, 'path', 1000172),
	('2026-11-23 09:00:00+00', 1, 'path', 1000183),
	('2026-11-23 09:55:00+00', 0, 'path', 1000183),
	('2026-11-23 09:00:00+00', 1, 'path', 1000187),
	('2026-11-23 09:00:00+00', 1, 'path', 1000189),
	('2026-11-23 09:00:00+00', 1, 'path', 1000197),
	('2026-11-23 09:55:00+00', 0, 'path', 1000187),
	('2026-11-23 09:55:00+00', 0, 'path', 1000189),
	('2026-11-23 09:55:00+00', 0, 'path', 1000197),
	('2026-11-23 09:00:00+00', 1, 'path', 1000200),
	('2026-11-23 09:00:00+00', 3, 'path', 1000137),
	('2026-11-23 09:55:00+00', 0, 'path', 1000200),
	('2026-11-23 09:55:00+00', 2, 'path', 1000137),
	('2026-11-23 09:00:00+00', 1, 'path', 1000205),
	('2026-11-23 09:55:00+00', 0, 'path', 1000205),
	('2026-11-23 09:00:00+00', 1, 'path', 1000213),
	('2026-11-23 09:00:00+00', 3, 'path', 1000164),
	('2026-11-23 09:55:00+00', 0, 'path', 1000213),
	('2026-11-23 09:55:00+00', 2, 'path', 1000164),
	('2026-11-23 09:00:00+00', 1, 'path', 1000175),
	('2026-11-23 09:00:00+00', 1, 'path', 1000177),
	('2026-11-23 09:00:00+00', 1, 'path', 1000178),
	('2026-11-23 09:00:00+00', 1, 'path', 1000181),
	('2026-11-23 09:00:00+00', 3, 'path', 1000168),
	('2026-11-23 09:55:00+00', 0, 'path', 1000175),
	('2026-11-23 09:55:00+00', 0, 'path', 1000177),
	('2026-11-23 09:55:00+00', 0, 'path', 1000178),
	('2026-11-23 09:55:00+00', 0, 'path', 1000181),
	('2026-11-23 09:55:00+00', 2, 'path', 1000168),
	('2026-11-23 09:00:00+00', 1, 'path', 1000217),
	('2026-11-23 09:00:00+00', 1, 'path', 1000220),
	('2026-11-23 09:00:00+00', 1, 'path', 1000221),
	('2026-11-23 09:00:00+00', 3, 'path', 1000183),
	('2026-11-23 09:00:00+00', 3, 'path', 1000197),
	('2026-11-23 09:55:00+00', 0, 'path', 1000217),
	('2026-11-23 09:55:00+00', 0, 'path', 1000220),
	('2026-11-23 09:55:00+00', 0, 'path', 1000221),
	('2026-11-23 09:55:00+00', 2, 'path', 1000183),
	('2026-11-23 09:55:00+00', 2, 'path', 1000197);
INSERT INTO mart.traffic_5min VALUES
	('2026-11-23 09:55:00+00', 'path', 'person', 81, 18, 19, 557, 18);
INSERT INTO mart.traffic_history VALUES
	('2026-11-23 09:00:00+00', 'path', 'person', NULL, 816.1209068010075, 7.015113350125945, 79.4, 19, 18, 81, 18, 557);
INSERT INTO mart.watch_span OVERRIDING SYSTEM VALUE VALUES
	(1, 'path', 1, '2026-11-23 09:58:40+00', '2026-11-23 09:59:59.4+00', '2026-11-23 09:59:59.4+00');
INSERT INTO vedette.lease VALUES
	('retention', NULL, 'old-host:9959', 1, '2026-11-27 09:37:29.502108+00', '2026-11-27 09:38:58.100122+00', '2026-11-27 09:38:58.769278+00', NULL, '', '2026-11-27 09:37:29.490755+00'),
	('roll-up', NULL, 'old-host:9959', 1, '2026-11-27 09:37:29.567043+00', '2026-11-27 09:38:58.100157+00', '2026-11-27 09:38:58.769437+00', NULL, '', '2026-11-27 09:37:29.566705+00'),
	('camera:gone', NULL, 'old-host:9959', 1, '2026-11-27 09:37:29.631798+00', '2026-11-27 09:38:54.099755+00', '2026-11-27 09:38:55.762531+00', NULL, '', '2026-11-27 09:37:29.626865+00'),
	('camera:path', NULL, 'old-host:9959', 1, '2026-11-27 09:37:29.648826+00', '2026-11-27 09:38:58.100079+00', '2026-11-27 09:38:58.768609+00', NULL, '', '2026-11-27 09:37:29.648503+00');
INSERT INTO vedette.lease_history VALUES
	('camera:gone', 1, '4d62d9d5-ce35-44d0-a2d5-887b41e63b42', 'old-host:9959', '2026-11-27 09:37:29.631798+00', '2026-11-27 09:38:55.762531+00', 'released'),
	('camera:path', 1, '4d62d9d5-ce35-44d0-a2d5-887b41e63b42', 'old-host:9959', '2026-11-27 09:37:29.648826+00', '2026-11-27 09:38:58.768609+00', 'released'),
	('retention', 1, '4d62d9d5-ce35-44d0-a2d5-887b41e63b42', 'old-host:9959', '2026-11-27 09:37:29.502108+00', '2026-11-27 09:38:58.769278+00', 'released'),
	('roll-up', 1, '4d62d9d5-ce35-44d0-a2d5-887b41e63b42', 'old-host:9959', '2026-11-27 09:37:29.567043+00', '2026-11-27 09:38:58.769437+00', 'released');
INSERT INTO vedette.loop_state VALUES
	('camera:path', '4d62d9d5-ce35-44d0-a2d5-887b41e63b42', 'Camera: Car park', 'watch', 'camera:path', 'stopped', 'stopped', 'wait', '', '', '2026-11-27 09:38:58.767987+00', '', 0, '2026-11-27 09:38:47.570075+00', 142412, NULL, '', NULL, 0, 0, '2026-11-27 00:00:00+00'),
	('cameras', '4d62d9d5-ce35-44d0-a2d5-887b41e63b42', 'List of cameras', 'watch', '', 'stopped', 'stopped', 'wait', '', '', '2026-11-27 09:38:58.768219+00', '', 0, '2026-11-27 09:38:55.762846+00', 1216, NULL, '', NULL, 0, 0, '2026-11-27 00:00:00+00'),
	('retention', '4d62d9d5-ce35-44d0-a2d5-887b41e63b42', 'Retention', 'keep', 'retention', 'stopped', 'stopped', 'wait', '', '', '2026-11-27 09:38:58.76822+00', '', 0, '2026-11-27 09:37:29.61954+00', 52043, NULL, '', NULL, 0, 0, '2026-11-27 00:00:00+00'),
	('roll-up', '4d62d9d5-ce35-44d0-a2d5-887b41e63b42', 'Roll-up', 'keep', 'roll-up', 'stopped', 'stopped', 'wait', '', '', '2026-11-27 09:38:58.768231+00', '', 0, '2026-11-27 09:38:57.801878+00', 626, NULL, '', NULL, 0, 0, '2026-11-27 00:00:00+00');
INSERT INTO vedette.process VALUES
	('4d62d9d5-ce35-44d0-a2d5-887b41e63b42', 'old-host:9959', 'http://127.0.0.1:47965', 'api, watch, collect, work, keep', '0.1.0', '2026-11-27 09:37:29.01768+00', '2026-11-27 09:38:58.770417+00', 129101824, '2026-11-27 09:38:58.770417+00');
INSERT INTO vedette.schema_migrations VALUES
	(1, 'leases and their history', 'ddb0b4d98a9adf954bd320c6788cebe8ffddfc1e04966f39057f8841af74dd8e', '2026-11-27 09:37:29.17649+00'),
	(2, 'processes and the state of their loops', 'b4fb16fa44694a4dde7f60000a03638922b510146f52a44c11f5213d1d963543', '2026-11-27 09:37:29.192179+00'),
	(20, 'cameras, counts and history', '423b6228568b48879a05b0e4cca79f72dc54360ccff8597427d69bbdc4eb4df5', '2026-11-27 09:37:29.430654+00');
SELECT pg_catalog.setval('mart.camera_run_id_seq', 1, true);
SELECT pg_catalog.setval('mart.crossings_id_seq', 19, true);
SELECT pg_catalog.setval('mart.quality_log_id_seq', 1, true);
SELECT pg_catalog.setval('mart.watch_span_id_seq', 1, true);
ALTER TABLE ONLY mart.camera_line
    ADD CONSTRAINT camera_line_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mart.camera
    ADD CONSTRAINT camera_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mart.camera_run
    ADD CONSTRAINT camera_run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mart.camera_status
    ADD CONSTRAINT camera_status_pkey PRIMARY KEY (camera_id);
ALTER TABLE ONLY mart.coverage_5min
    ADD CONSTRAINT coverage_5min_pkey PRIMARY KEY (bucket, camera_id);
ALTER TABLE ONLY mart.coverage_hour
    ADD CONSTRAINT coverage_hour_pkey PRIMARY KEY (bucket, camera_id);
ALTER TABLE ONLY mart.crossings
    ADD CONSTRAINT crossings_camera_id_line_id_track_id_key UNIQUE (camera_id, line_id, track_id);
ALTER TABLE ONLY mart.crossings
    ADD CONSTRAINT crossings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mart.quality_log
    ADD CONSTRAINT quality_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY mart.rollup_state
    ADD CONSTRAINT rollup_state_pkey PRIMARY KEY (name);
ALTER TABLE ONLY mart.track_seen
    ADD CONSTRAINT track_seen_pkey PRIMARY KEY (bucket, kind, camera_id, track_id);
ALTER TABLE ONLY mart.traffic_5min
    ADD CONSTRAINT traffic_5min_pkey PRIMARY KEY (bucket, camera_id, vehicle_type);
ALTER TABLE ONLY mart.traffic_history
    ADD CONSTRAINT traffic_history_report_hour_camera_id_vehicle_type_key UNIQUE (report_hour, camera_id, vehicle_type);
ALTER TABLE ONLY mart.watch_span
    ADD CONSTRAINT watch_span_pkey PRIMARY KEY (id);
ALTER TABLE ONLY vedette.lease_history
    ADD CONSTRAINT lease_history_pkey PRIMARY KEY (name, token);
ALTER TABLE ONLY vedette.lease
    ADD CONSTRAINT lease_name_token_key UNIQUE (name, token);
ALTER TABLE ONLY vedette.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (name);
ALTER TABLE ONLY vedette.loop_state
    ADD CONSTRAINT loop_state_pkey PRIMARY KEY (name, process_id);
ALTER TABLE ONLY vedette.process
    ADD CONSTRAINT process_pkey PRIMARY KEY (id);
ALTER TABLE ONLY vedette.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
CREATE INDEX camera_line_camera ON mart.camera_line USING btree (camera_id, place);
CREATE INDEX camera_run_camera ON mart.camera_run USING btree (camera_id, id);
CREATE INDEX crossings_camera ON mart.crossings USING btree (camera_id, id);
CREATE INDEX crossings_position ON mart.crossings USING btree ("position");
CREATE INDEX crossings_time ON mart.crossings USING btree (crossed_at);
CREATE INDEX current_traffic_position ON mart.current_traffic USING btree ("position");
CREATE INDEX current_traffic_time ON mart.current_traffic USING btree (last_update);
CREATE INDEX quality_log_open ON mart.quality_log USING btree (camera_id) WHERE (ended_at IS NULL);
CREATE INDEX quality_log_time ON mart.quality_log USING btree (ts);
CREATE UNIQUE INDEX traffic_history_natural ON mart.traffic_history USING btree (report_hour, camera_id, vehicle_type);
CREATE INDEX watch_span_camera ON mart.watch_span USING btree (camera_id, from_t);
CREATE INDEX watch_span_unrolled ON mart.watch_span USING btree (id) WHERE (to_t > rolled_to);
