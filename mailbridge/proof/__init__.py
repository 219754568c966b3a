"""What shows who wrote a message: SPF, DKIM, ARC and DMARC, pure. DNS answers, the time and the octets come in."""
