"""The checkup's shell: it asks the DNS, talks to our doors, the relay and the web page, and hands what it heard to
`mailbridge.checkup`, which says what it means."""
