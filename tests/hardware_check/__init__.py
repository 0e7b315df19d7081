"""Tests of the check that a modem's owner runs, and what compares its reports."""
