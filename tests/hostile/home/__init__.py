"""Hostile input through a real Home Assistant, to a virtual modem and a real mail server."""
