"""What an email's attachments are asked for by, and how each becomes bytes.

``resolve`` is what others call, ``wanted`` what they give and get. Cameras, images, speech
and other media come by ``sources``, files by ``files``; ``pictures`` makes them small.
May import ``modem`` and ``delivery``; the rest of the integration only imports it.
"""
