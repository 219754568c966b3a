"""Every sentence the pocket workspace itself says to a person, as Slack's client would."""

REQUIRED = "Please complete this required field."
TOO_SHORT = "This field must be at least {limit} characters."
TOO_LONG = "This field must be at most {limit} characters."
TOO_SMALL = "This number must be at least {limit}."
TOO_LARGE = "This number must be at most {limit}."
NOT_EMAIL = "Please enter a valid email address."
NOT_URL = "Please enter a valid URL."
NOT_NUMBER = "Please enter a number."

COMMAND_FAILED = '{command} failed with the error "{error}"'
UNKNOWN_COMMAND = "{command} is not a valid command. In Slack, it is not sent as a message."
ACTION_FAILED = "This app did not respond ({error}). Try again."
SUBMIT_FAILED = "We had some trouble connecting ({error}). Try again?"
NOT_A_MEMBER = "You are not in this channel."
