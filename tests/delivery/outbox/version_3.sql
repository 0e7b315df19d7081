-- An outbox as version 3 of its schema leaves it: emails in every state.
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1363365196;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE emails (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        reference TEXT NOT NULL UNIQUE,
        recipient TEXT NOT NULL,
        critical INTEGER NOT NULL,
        accepted REAL NOT NULL,
        accepted_wall REAL NOT NULL,
        expires REAL NOT NULL,
        times INTEGER NOT NULL,
        size INTEGER NOT NULL,
        state TEXT NOT NULL,
        reported TEXT NOT NULL,
        ended REAL,
        merged_into INTEGER REFERENCES emails (id) ON DELETE SET NULL
    , recipient_id TEXT);
INSERT INTO "emails" VALUES(1,'SENT2222','Home',0,0.0,1793534400.0,172800.0,1,63,'sent','sent',1.0,NULL,NULL);
INSERT INTO "emails" VALUES(2,'DEFERRED','Home',0,2.0,1793534402.0,172802.0,1,67,'deferred','deferred',NULL,NULL,NULL);
INSERT INTO "emails" VALUES(3,'HELD2222','Home',0,4.0,1793534404.0,172804.0,1,63,'held','held',NULL,NULL,NULL);
INSERT INTO "emails" VALUES(4,'SPLIT222','Home',0,6.0,1793534406.0,172806.0,1,96,'deferred','deferred',NULL,NULL,'id-1');
INSERT INTO "emails" VALUES(5,'SENDING2','Home',0,8.0,1793534408.0,172808.0,1,66,'sending','queued',NULL,NULL,NULL);
INSERT INTO "emails" VALUES(6,'QUEUED22','Home',0,11.0,1793534411.0,172811.0,2,65,'queued','queued',NULL,NULL,NULL);
INSERT INTO "emails" VALUES(7,'MERGED22','Home',0,12.0,1793534412.0,12.0,1,0,'merged','merged',12.0,6,NULL);
INSERT INTO "emails" VALUES(8,'CRITICAL','Home',1,13.0,1793534413.0,172813.0,1,97,'queued','queued',NULL,NULL,'id-1');
CREATE TABLE envelopes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        email INTEGER NOT NULL REFERENCES emails (id) ON DELETE CASCADE,
        part INTEGER NOT NULL,
        critical INTEGER NOT NULL,
        accepted REAL NOT NULL,
        members TEXT,
        state TEXT NOT NULL,
        reason TEXT,
        due REAL,
        attempts INTEGER NOT NULL DEFAULT 0,
        lost INTEGER NOT NULL DEFAULT 0,
        doubts INTEGER NOT NULL DEFAULT 0,
        temporary INTEGER NOT NULL DEFAULT 0,
        rebuilt INTEGER NOT NULL DEFAULT 0,
        finding TEXT,
        deadline REAL,
        mark INTEGER
    , full INTEGER NOT NULL DEFAULT 0, unproved INTEGER NOT NULL DEFAULT 0, way TEXT);
INSERT INTO "envelopes" VALUES(1,1,1,0,0.0,NULL,'sent',NULL,NULL,1,0,0,0,0,NULL,NULL,NULL,0,0,'module');
INSERT INTO "envelopes" VALUES(2,2,1,0,2.0,NULL,'deferred','retry',1003.0,1,0,0,0,0,'["refused", 652, null, null, "module", null, null]',NULL,NULL,0,0,'module');
INSERT INTO "envelopes" VALUES(3,3,1,0,4.0,NULL,'held','refused',NULL,1,0,0,0,0,'["refused", 681, 550, null, "stream", "550 5.1.1 no such user", "a@example.com"]',NULL,NULL,0,0,'module');
INSERT INTO "envelopes" VALUES(5,4,1,0,6.0,'[0]','sent',NULL,NULL,1,0,0,0,0,'["sent", null, null, null, "module", null, null]',NULL,NULL,0,0,NULL);
INSERT INTO "envelopes" VALUES(6,4,1,0,6.0,'[1]','deferred','retry',2007.0,1,0,0,0,0,'["refused", 652, 452, null, "stream", "452 full", "b@example.com"]',NULL,NULL,0,0,NULL);
INSERT INTO "envelopes" VALUES(7,5,1,0,8.0,NULL,'sending',NULL,NULL,0,0,0,0,0,NULL,340.0,42,0,0,'module');
INSERT INTO "envelopes" VALUES(8,6,1,0,11.0,NULL,'queued',NULL,11.0,0,0,0,0,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "envelopes" VALUES(9,8,1,1,13.0,NULL,'queued',NULL,13.0,0,0,0,0,0,NULL,NULL,NULL,0,0,NULL);
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO "meta" VALUES('elapsed',16.0);
INSERT INTO "meta" VALUES('last','["SPLIT222", "Home", "deferred", 1793534407.0, "[\"refused\", 652, 452, null, \"stream\", \"452 full\", \"b@example.com\"]", 1, "retry"]');
INSERT INTO "meta" VALUES('last_sent',1793534407.0);
INSERT INTO "meta" VALUES('proven account',1);
INSERT INTO "meta" VALUES('sent',1);
INSERT INTO "meta" VALUES('usage','[[1234, 5678], null]');
INSERT INTO "meta" VALUES('wall',1793534416.0);
INSERT INTO "meta" VALUES('wear','[[1.0], [2.0]]');
CREATE TABLE parts (
        email INTEGER NOT NULL REFERENCES emails (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        kind TEXT NOT NULL,
        padding BLOB NOT NULL DEFAULT (zeroblob(4096)),
        content NOT NULL,
        PRIMARY KEY (email, number)
    );
INSERT INTO "parts" VALUES(2,1,'text',zeroblob(4096),'["Deferred","The basement is under water.",["a@example.com"],[],[]]');
INSERT INTO "parts" VALUES(3,1,'text',zeroblob(4096),'["Held","The basement is under water.",["a@example.com"],[],[]]');
INSERT INTO "parts" VALUES(4,1,'text',zeroblob(4096),'["Split — geteilt ☂","The basement is under water.",["a@example.com","b@example.com"],[],[]]');
INSERT INTO "parts" VALUES(5,1,'text',zeroblob(4096),'["Sending","The basement is under water.",["a@example.com"],[],[]]');
INSERT INTO "parts" VALUES(6,1,'text',zeroblob(4096),'["Queued","The basement is under water.",["a@example.com"],[],[]]');
INSERT INTO "parts" VALUES(8,1,'text',zeroblob(4096),'["Critical","The basement is under water.",["a@example.com"],["c@example.com"],["d@example.com"]]');
CREATE TABLE sends (elapsed REAL NOT NULL, burst INTEGER NOT NULL);
INSERT INTO "sends" VALUES(1.0,0);
INSERT INTO "sends" VALUES(7.0,0);
CREATE TABLE transitions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        reference TEXT NOT NULL,
        recipient TEXT NOT NULL,
        state TEXT NOT NULL,
        wall REAL NOT NULL,
        attempts INTEGER NOT NULL,
        finding TEXT,
        reason TEXT,
        merged_into TEXT,
        next_attempt_wall REAL
    );
INSERT INTO "transitions" VALUES(1,'SENT2222','Home','queued',1793534400.0,0,NULL,NULL,NULL,NULL);
INSERT INTO "transitions" VALUES(2,'SENT2222','Home','sent',1793534401.0,1,'["sent", null, null, null, "module", null, null]',NULL,NULL,NULL);
INSERT INTO "transitions" VALUES(3,'DEFERRED','Home','queued',1793534402.0,0,NULL,NULL,NULL,NULL);
INSERT INTO "transitions" VALUES(4,'DEFERRED','Home','deferred',1793534403.0,1,'["refused", 652, null, null, "module", null, null]','retry',NULL,1793535403.0);
INSERT INTO "transitions" VALUES(5,'HELD2222','Home','queued',1793534404.0,0,NULL,NULL,NULL,NULL);
INSERT INTO "transitions" VALUES(6,'HELD2222','Home','held',1793534405.0,1,'["refused", 681, 550, null, "stream", "550 5.1.1 no such user", "a@example.com"]','refused',NULL,NULL);
INSERT INTO "transitions" VALUES(7,'SPLIT222','Home','queued',1793534406.0,0,NULL,NULL,NULL,NULL);
INSERT INTO "transitions" VALUES(8,'SPLIT222','Home','deferred',1793534407.0,1,'["refused", 652, 452, null, "stream", "452 full", "b@example.com"]','retry',NULL,1793536407.0);
INSERT INTO "transitions" VALUES(9,'SENDING2','Home','queued',1793534408.0,0,NULL,NULL,NULL,NULL);
INSERT INTO "transitions" VALUES(10,'QUEUED22','Home','queued',1793534411.0,0,NULL,NULL,NULL,NULL);
INSERT INTO "transitions" VALUES(11,'MERGED22','Home','queued',1793534412.0,0,NULL,NULL,NULL,NULL);
INSERT INTO "transitions" VALUES(12,'MERGED22','Home','merged',1793534412.0,0,NULL,NULL,'QUEUED22',NULL);
INSERT INTO "transitions" VALUES(13,'CRITICAL','Home','queued',1793534413.0,0,NULL,NULL,NULL,NULL);
CREATE INDEX emails_accepted ON emails (accepted) WHERE ended IS NULL;
CREATE INDEX emails_expires ON emails (expires) WHERE ended IS NULL;
CREATE INDEX emails_ended ON emails (ended) WHERE ended IS NOT NULL;
CREATE INDEX emails_merged ON emails (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX envelopes_email ON envelopes (email);
CREATE INDEX envelopes_order ON envelopes (critical DESC, accepted, id, due, email)
    WHERE due IS NOT NULL
    ;
CREATE INDEX envelopes_due ON envelopes (due) WHERE due IS NOT NULL;
CREATE INDEX envelopes_held ON envelopes (reason, due, email) WHERE state = 'held';
CREATE INDEX envelopes_sending ON envelopes (id) WHERE state = 'sending';
CREATE INDEX sends_elapsed ON sends (elapsed, burst);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('emails',8);
INSERT INTO "sqlite_sequence" VALUES('envelopes',9);
INSERT INTO "sqlite_sequence" VALUES('transitions',13);
COMMIT;
