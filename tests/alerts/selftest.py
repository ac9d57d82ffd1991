#!/usr/bin/env python3
"""What the checks of this folder find, and what they let pass: each of them fails for what it is there for."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import addresses
import runbooks
from faults import DEV_FAULTS, FAULTS
from live import Report

HELP = """#!/bin/sh
case "$*" in
  "status --help") printf 'Options:\\n  -w, --watch   shows it live\\n' ;;
  *) exit 2 ;;
esac
"""


class WithoutDisk:
    has_disk = False

    def await_quiet(self, *_):
        return set()


class Disks(unittest.TestCase):
    """Scenario: no tmpfs can be mounted."""

    def cause(self, **words):
        report = Report(None, **words)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
            for fault in DEV_FAULTS + FAULTS:
                if fault.__name__ in ("full_disk", "filled_volume"):
                    report.cause(WithoutDisk(), fault)
        return report, errors.getvalue()

    def test_faults_of_disks_fail_where_they_cant_be_caused(self):
        report, errors = self.cause()
        self.assertEqual((report.failed, report.verdict()), (2, "FAILED"))
        self.assertIn("--without-disks", errors)

    def test_what_is_left_out_as_asked_is_named(self):
        report, _ = self.cause(without_disks=True)
        self.assertEqual((report.failed, report.verdict()), (0, "all passed, without full_disk, filled_volume"))


class Addresses(unittest.TestCase):
    def faults(self, text):
        return list(addresses.faults_of_addresses(text))

    def test_defaults_pass(self):
        for text in (
            "    curl -s http://127.0.0.1:9600/readyz",
            "The parser's:\n    curl -s localhost:9601/readyz",
            "    curl http://127.0.0.1:8080/v1/ingest",
            "Its address is `127.0.0.1:9092`, at 14:27:24; `forebay dlq show 11:04`.",
            "    forebay status --target forebay-parser-pods:9600",
            "    kubectl -n logs port-forward POD 9600  # curl 127.0.0.1:9600/readyz of the parser",
        ):
            self.assertEqual(self.faults(text), [], text)

    def test_others_are_found(self):
        for text, fault in (
            ("    curl -s http://127.0.0.1:9700/readyz", "nothing listens on 9700"),
            ("The indexer's:\n    curl -s 127.0.0.1:9601/readyz", "indexer has 9602"),
            ("Ask `http://127.0.0.1:9602/readyz` of ingest.", "ingest has 9600"),
            ("    forebay status --target forebay-parser-pods:9601", "tells of itself on 9600"),
            ("    kubectl -n logs port-forward POD 9601", "no pod listens on 9601"),
            ("    curl -s http://search.example:9200/_cat", "nobody says that search.example is there"),
        ):
            self.assertEqual([fault in found for found in self.faults(text)], [True], (text, self.faults(text)))


class Commands(unittest.TestCase):
    def faults(self, line):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "forebay"
            program.write_text(HELP)
            program.chmod(0o755)
            return [fault for command in runbooks.commands(line) for fault in runbooks.faults_of_command(program, command)]

    def setUp(self):
        # It remembers what a program said of itself.
        runbooks.help_of.__defaults__[0].clear()

    def test_options_that_there_are_pass(self):
        self.assertEqual(self.faults("    forebay status --watch"), [])
        self.assertEqual(self.faults("    kubectl -n logs exec deploy/forebay-tools -- forebay status --watch"), [])

    def test_options_that_there_arent_are_found_in_pods_too(self):
        for line in ("    forebay status --wacht", "As `kubectl -n logs exec deploy/forebay-tools -- forebay status --wacht` has it."):
            self.assertEqual(["no option --wacht" in fault for fault in self.faults(line)], [True], line)


if __name__ == "__main__":
    unittest.main()
