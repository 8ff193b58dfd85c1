"""The tables, as numbered migrations that are applied once each.

A table is a singular noun, a row one such thing, its key `<table>_id`, its units in the column's name.
Times are UTC without a zone, because DuckDB hands zoned ones out only where pytz is installed.
No foreign keys: DuckDB checks them too eagerly for upserts, and every row can be computed again.
"""

from collections.abc import Callable

import duckdb
from duckdb import DuckDBPyConnection

from analysis.errors import StoreError, StoreTooNew


def m001_explain(db: DuckDBPyConnection) -> None:
    """What explaining single images needs."""
    db.execute("""
        CREATE TABLE model (
            model_id VARCHAR PRIMARY KEY,    -- fingerprint: architecture, weights and preprocessing
            name VARCHAR NOT NULL,
            architecture VARCHAR NOT NULL,
            source VARCHAR NOT NULL,
            parameters BIGINT NOT NULL,
            added_at TIMESTAMP NOT NULL)""")
    db.execute("""
        CREATE TABLE image (
            image_id VARCHAR PRIMARY KEY,    -- sha256 of the file's bytes
            name VARCHAR NOT NULL,           -- as the user named it; never a path
            width_px INTEGER NOT NULL,       -- upright
            height_px INTEGER NOT NULL,
            size_bytes BIGINT NOT NULL,
            file VARCHAR NOT NULL,
            added_at TIMESTAMP NOT NULL)""")
    db.execute("""
        CREATE TABLE prediction (
            model_id VARCHAR,
            image_id VARCHAR,
            rank INTEGER,                    -- 0 is the most probable
            class_index INTEGER NOT NULL,
            class_name VARCHAR NOT NULL,
            probability DOUBLE NOT NULL,
            logit DOUBLE NOT NULL,
            PRIMARY KEY (model_id, image_id, rank))""")
    db.execute("""
        CREATE TABLE run (
            run_id VARCHAR PRIMARY KEY,      -- digest of what was asked
            family VARCHAR NOT NULL,         -- names the table with the result: attribution -> attribution_map
            method VARCHAR NOT NULL,
            method_version INTEGER,          -- NULL: known only to the digest
            params VARCHAR NOT NULL,         -- canonical JSON
            model_id VARCHAR NOT NULL,
            image_id VARCHAR,
            seconds DOUBLE NOT NULL,
            device VARCHAR NOT NULL,
            computed_at TIMESTAMP NOT NULL)""")
    db.execute("""
        CREATE TABLE attribution_map (
            run_id VARCHAR PRIMARY KEY,
            taps VARCHAR NOT NULL,           -- JSON list
            target VARCHAR NOT NULL,
            remarks VARCHAR NOT NULL,        -- JSON list
            file VARCHAR NOT NULL)""")


def m002_samples(db: DuckDBPyConnection) -> None:
    """Whole datasets and what classifiers said of their samples.

    The large tables (sample, sample_result, selection_member) carry whole numbers as keys, from one sequence
    that never gives a number twice, and no index: each is scanned, and its rows are in the order of the samples.
    """
    db.execute("CREATE SEQUENCE key_sequence")
    db.execute("""
        CREATE TABLE dataset (
            dataset_id VARCHAR PRIMARY KEY,  -- sha256 of what is in it
            dataset_key INTEGER NOT NULL,
            name VARCHAR NOT NULL,           -- one of its kind
            kind VARCHAR NOT NULL,
            source VARCHAR NOT NULL,         -- never a path
            class_names VARCHAR NOT NULL,    -- JSON list, as are conditions, skipped_examples and remarks
            size INTEGER NOT NULL,           -- images
            labelled INTEGER NOT NULL,
            formats VARCHAR NOT NULL,        -- JSON object, as are image_sizes and params
            image_sizes VARCHAR NOT NULL,
            masks INTEGER NOT NULL,
            boxes INTEGER NOT NULL,
            conditions VARCHAR NOT NULL,
            skipped INTEGER NOT NULL,
            skipped_examples VARCHAR NOT NULL,
            remarks VARCHAR NOT NULL,
            params VARCHAR NOT NULL,
            size_bytes BIGINT NOT NULL,
            added_at TIMESTAMP NOT NULL)""")
    db.execute("""
        CREATE TABLE sample (
            dataset_key INTEGER NOT NULL,
            sample INTEGER NOT NULL,         -- 0 .. size - 1
            name VARCHAR USING COMPRESSION uncompressed NOT NULL,  -- a third faster to search
            name_rank INTEGER NOT NULL,      -- place by name: sorting numbers is ten times faster
            label INTEGER NOT NULL,          -- -1: none
            width_px INTEGER NOT NULL,
            height_px INTEGER NOT NULL,
            condition VARCHAR NOT NULL,      -- empty: none
            digest VARCHAR NOT NULL,         -- sha256 of the encoded bytes, or of the pixels
            format VARCHAR NOT NULL)""")
    db.execute("""
        CREATE TABLE pass (
            pass_id VARCHAR PRIMARY KEY,     -- digest of what was asked
            pass_key INTEGER NOT NULL,
            model_id VARCHAR NOT NULL,
            model_name VARCHAR NOT NULL,
            class_names VARCHAR NOT NULL,    -- the classifier's; JSON list, as are class_map, taps and remarks
            dataset_id VARCHAR NOT NULL,
            condition VARCHAR NOT NULL,
            class_map VARCHAR NOT NULL,
            samples INTEGER NOT NULL,
            accuracy DOUBLE,
            taps VARCHAR NOT NULL,
            linear_head BOOLEAN NOT NULL,
            params VARCHAR NOT NULL,         -- JSON object
            remarks VARCHAR NOT NULL,
            seconds DOUBLE NOT NULL,
            device VARCHAR NOT NULL,
            computed_at TIMESTAMP NOT NULL)""")
    db.execute("""
        CREATE TABLE sample_result (
            pass_key INTEGER NOT NULL,
            sample INTEGER NOT NULL,
            truth INTEGER,                   -- the classifier's class, where it knows the sample's
            prediction INTEGER NOT NULL,
            confidence FLOAT,
            correct BOOLEAN,
            loss FLOAT,
            angle FLOAT,                     -- radians
            length FLOAT,
            margin FLOAT,
            top_classes INTEGER[],
            top_probabilities FLOAT[])""")
    db.execute("""
        CREATE TABLE selection (
            selection_id VARCHAR PRIMARY KEY,  -- short, for the address bar
            selection_key INTEGER NOT NULL,
            name VARCHAR NOT NULL,             -- one of its kind
            dataset_id VARCHAR NOT NULL,
            size INTEGER NOT NULL,
            made_from VARCHAR NOT NULL,
            created_at TIMESTAMP NOT NULL)""")
    db.execute("CREATE TABLE selection_member (selection_key INTEGER NOT NULL, sample INTEGER NOT NULL)")
    db.execute("""
        CREATE TABLE class_map (
            dataset_id VARCHAR,
            model_id VARCHAR,
            dataset_class INTEGER,
            model_class INTEGER NOT NULL,    -- -1: none
            PRIMARY KEY (dataset_id, model_id, dataset_class))""")
    db.execute("""
        CREATE TABLE job (
            key VARCHAR PRIMARY KEY,         -- digest of kind and arguments
            kind VARCHAR NOT NULL,
            title VARCHAR NOT NULL,
            arguments VARCHAR NOT NULL,      -- JSON object
            state VARCHAR NOT NULL,
            message VARCHAR NOT NULL,
            submitted_at TIMESTAMP NOT NULL,
            finished_at TIMESTAMP)""")


def m003_variants(db: DuckDBPyConnection) -> None:
    """What was measured of models and their variants."""
    db.execute("""
        CREATE TABLE variant_measure (
            model_id VARCHAR,
            base_id VARCHAR,                 -- what it was compared with; empty: with nothing
            dataset_id VARCHAR,
            samples INTEGER NOT NULL,
            accuracy DOUBLE,                 -- NULL where it cannot be said, as are the next ones
            ece DOUBLE,                      -- 15 bins of equal width
            agreement DOUBLE,                -- share of the samples that both predict alike
            cka DOUBLE,                      -- linear, debiased, of the features before the head
            delta_logit DOUBLE,              -- mean of |logit - base's logit|
            changed INTEGER,                 -- samples whose prediction differs
            PRIMARY KEY (model_id, base_id, dataset_id))""")
    db.execute("""
        CREATE TABLE model_speed (
            model_id VARCHAR,
            device VARCHAR,                  -- in words
            batch INTEGER,
            latency_ms DOUBLE NOT NULL,      -- of a batch of one
            images_per_second DOUBLE NOT NULL,
            measured_at TIMESTAMP NOT NULL,
            PRIMARY KEY (model_id, device, batch))""")
    db.execute("""
        CREATE TABLE model_profile (
            model_id VARCHAR PRIMARY KEY,
            profile VARCHAR NOT NULL)        -- JSON object""")


def m004_sweeps(db: DuckDBPyConnection) -> None:
    """Variants x conditions over one dataset. The large tables have no index, as in m002."""
    db.execute("""
        CREATE TABLE sweep (
            sweep_id VARCHAR PRIMARY KEY,    -- digest of what was asked
            sweep_key INTEGER NOT NULL,
            name VARCHAR NOT NULL,           -- one of its kind
            dataset_id VARCHAR NOT NULL,     -- the dataset itself need not be here
            dataset_name VARCHAR NOT NULL,
            class_names VARCHAR NOT NULL,    -- JSON list, as are members, conditions, image_size and remarks
            members VARCHAR NOT NULL,
            conditions VARCHAR NOT NULL,
            samples INTEGER NOT NULL,
            reference VARCHAR NOT NULL,
            "table" VARCHAR NOT NULL,
            image_size VARCHAR NOT NULL,
            seed INTEGER NOT NULL,
            source VARCHAR NOT NULL,
            device VARCHAR NOT NULL,
            remarks VARCHAR NOT NULL,
            params VARCHAR NOT NULL,         -- JSON object
            computed_at TIMESTAMP NOT NULL)""")
    db.execute("""
        CREATE TABLE sweep_cell (
            sweep_key INTEGER,
            member SMALLINT,                 -- place in the sweep's members
            condition SMALLINT,              -- and in its conditions
            state VARCHAR NOT NULL,
            message VARCHAR NOT NULL,
            samples INTEGER NOT NULL,
            scores VARCHAR NOT NULL,         -- JSON: name -> [value, low, high]
            remarks VARCHAR NOT NULL,        -- JSON list
            seconds DOUBLE NOT NULL,
            PRIMARY KEY (sweep_key, member, condition))""")
    db.execute("""
        CREATE TABLE sweep_sample (
            sweep_key INTEGER NOT NULL,
            sample INTEGER NOT NULL,         -- place in the dataset
            truth SMALLINT)                  -- the classifiers' class, where they know it""")
    db.execute("""
        CREATE TABLE sweep_result (
            sweep_key INTEGER NOT NULL,
            member SMALLINT NOT NULL,
            condition SMALLINT NOT NULL,
            sample INTEGER NOT NULL,
            prediction SMALLINT NOT NULL,
            correct BOOLEAN,
            confidence FLOAT,
            loss FLOAT,
            angle FLOAT,
            length FLOAT,
            margin FLOAT,
            brier FLOAT,
            max_logit FLOAT,
            energy FLOAT)""")


def m005_embeddings(db: DuckDBPyConnection) -> None:
    """Features laid out in two or three dimensions, and groups among them. Points and labels are files."""
    db.execute("""
        CREATE TABLE embedding (
            embedding_id VARCHAR PRIMARY KEY,  -- digest of what was asked
            pass_id VARCHAR NOT NULL,          -- the pass itself need not be here
            model_id VARCHAR NOT NULL,
            model_name VARCHAR NOT NULL,
            dataset_id VARCHAR NOT NULL,
            condition VARCHAR NOT NULL,
            tap VARCHAR NOT NULL,
            method VARCHAR NOT NULL,
            params VARCHAR NOT NULL,           -- JSON object, all of them
            dims INTEGER NOT NULL,
            seed BIGINT NOT NULL,
            samples INTEGER NOT NULL,
            fitted INTEGER NOT NULL,           -- samples that the method itself has laid
            "placing" VARCHAR NOT NULL,
            axes VARCHAR NOT NULL,             -- JSON list, as are remarks
            remarks VARCHAR NOT NULL,
            seconds DOUBLE NOT NULL,
            device VARCHAR NOT NULL,
            computed_at TIMESTAMP NOT NULL,
            "group" VARCHAR NOT NULL,          -- digest shared by those laid together; empty: alone
            quality VARCHAR)                   -- JSON object; NULL: not measured""")
    db.execute("""
        CREATE TABLE clustering (
            clustering_id VARCHAR PRIMARY KEY,  -- digest of what was asked
            embedding_id VARCHAR NOT NULL,
            method VARCHAR NOT NULL,
            params VARCHAR NOT NULL,            -- JSON object
            space VARCHAR NOT NULL,             -- features or picture
            clusters VARCHAR NOT NULL,          -- JSON list
            remarks VARCHAR NOT NULL,           -- JSON list
            seconds DOUBLE NOT NULL,
            computed_at TIMESTAMP NOT NULL,
            device VARCHAR NOT NULL)""")


def m006_geometry(db: DuckDBPyConnection) -> None:
    """What measures of geometry say of the features of passes. Spectra and matrices are files."""
    db.execute("""
        CREATE TABLE geometry_score (
            pass_id VARCHAR,
            tap VARCHAR,
            place INTEGER NOT NULL,            -- of the tap among those of its network, from the input on
            measure VARCHAR,
            params VARCHAR NOT NULL,           -- JSON object, all of them
            version INTEGER NOT NULL,          -- of the measure
            "value" DOUBLE,                    -- NULL where it is not defined, as are low and high
            samples INTEGER NOT NULL,
            low DOUBLE,                        -- of a 95 % interval
            high DOUBLE,
            "interval" VARCHAR NOT NULL,       -- how it was made
            why VARCHAR NOT NULL,              -- it is not defined
            caveats VARCHAR NOT NULL,          -- JSON list
            seconds DOUBLE NOT NULL,
            computed_at TIMESTAMP NOT NULL,
            other_pass VARCHAR,                -- of measures of two; empty: of one
            other_tap VARCHAR,
            arrays VARCHAR NOT NULL,           -- JSON list: names of those in the tap's file
            PRIMARY KEY (pass_id, tap, measure, other_pass, other_tap))""")


MIGRATIONS: tuple[Callable[[DuckDBPyConnection], None], ...] = (
    m001_explain,
    m002_samples,
    m003_variants,
    m004_sweeps,
    m005_embeddings,
    m006_geometry,
)


def newest_step() -> int:
    """The number of the last migration that this program knows."""
    return max(int(m.__name__[1:4]) for m in MIGRATIONS)


def migrate(db: DuckDBPyConnection) -> None:
    """Bring the file to the newest schema; StoreTooNew, and the file as it was, if it is ahead of this program."""
    tables = {name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    applied = set()
    if "_migration" in tables:
        applied = {number for (number,) in db.execute("SELECT migration_id FROM _migration").fetchall()}
    numbered = {int(m.__name__[1:4]): m for m in MIGRATIONS}
    if unknown := applied - set(numbered):
        raise StoreTooNew(
            f"The workspace was written by a newer Cutaway (its tables are at step {max(unknown)}, this version knows "
            f"{newest_step()}). Update Cutaway, or choose another workspace."
        )
    for number in sorted(set(numbered) - applied):
        _apply(db, number, numbered[number])


def _apply(db: DuckDBPyConnection, number: int, migration: Callable[[DuckDBPyConnection], None]) -> None:
    db.execute("BEGIN")
    if number == 1:
        db.execute("CREATE TABLE _migration (migration_id INTEGER PRIMARY KEY, name VARCHAR, applied_at TIMESTAMP)")
    try:
        migration(db)
    except duckdb.ProgrammingError as error:  # a mistake of ours: the file is as it was, and nothing is set aside
        db.execute("ROLLBACK")
        raise StoreError(
            f"This version of Cutaway could not bring the workspace's tables to step {number}: nothing was changed. "
            "Go back to the version that you had, and report this as a bug."
        ) from error
    row = [number, migration.__name__]
    db.execute("INSERT INTO _migration VALUES (?, ?, now() AT TIME ZONE 'UTC')", row)
    db.execute("COMMIT")
