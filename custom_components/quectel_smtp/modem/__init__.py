"""Speaks AT to a Quectel modem; knows nothing of Home Assistant, nor of queues.

``service`` brings a ``modem`` into service, which has one ``data_connection`` over one
``connection`` at a time. They may import the folders here, which may import one another
from left to right: ``mail``, then ``boot``, ``recording`` and ``tcp``, then ``network``,
then ``at``.
"""
