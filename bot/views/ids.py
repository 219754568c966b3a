"""Every action, block and callback id, in one place: what a view writes and what a handler is registered for.

An id is `<noun>.<verb>`. A button's `value` is an opaque number (a request, a post, a group), never authority and
never text. Several buttons of one view that lead to one handler carry the id with `#<n>`, since Slack wants action
ids unique in a block; `handler_of` takes that off.
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """Ids of buttons, pickers and everything else that acts at once."""

    # cards and reports
    REQUEST_APPROVE = "request.approve"
    REQUEST_DENY = "request.deny"
    POST_READ = "post.read"
    POST_WHY = "post.why"
    POST_RELEASE = "post.release"
    POST_REJECT = "post.reject"
    POST_DISCARD = "post.discard"
    POST_ALWAYS = "post.always"
    POST_BAN = "post.ban"
    POST_MENU = "post.menu"
    POST_CLAIM = "post.claim"
    POST_UNCLAIM = "post.unclaim"
    POST_UNDO = "post.undo"
    POST_STOP = "post.stop"
    REQUEST_BAN = "request.ban"
    REQUEST_CLAIM = "request.claim"
    REQUEST_UNCLAIM = "request.unclaim"
    REQUEST_UNDO = "request.undo"
    REPORT_DETAILS = "report.details"
    REPORT_PAGE = "report.page"
    REPORT_WHY = "report.why"
    REPORT_TABLE = "report.table"
    REPORT_FILE = "report.file"
    REPORT_HASTEN = "report.hasten"
    OUTCOMES_PAGE = "outcomes.page"
    ALARM_RETRY = "alarm.retry"
    ALARM_STOP = "alarm.stop"
    BOUNCING_RESUME = "bouncing.resume"
    BOUNCING_ADDRESS = "bouncing.address"
    BOUNCING_LEAVE = "bouncing.leave"
    FIGURES_PAGE = "figures.page"
    MATTER_APPLY = "matter.apply"
    MATTER_DISMISS = "matter.dismiss"
    MATTER_AGAIN = "matter.again"
    MATTER_ADMINISTRATOR = "matter.administrator"
    # groups
    GROUP_CREATE = "group.create"
    GROUP_SHOW = "group.show"
    GROUP_JOIN = "group.join"
    GROUP_LEAVE = "group.leave"
    GROUP_PAUSE = "group.pause"
    GROUP_RESUME = "group.resume"
    GROUP_RECEIVE = "group.receive"
    GROUP_TEST = "group.test"
    GROUP_HOLD = "group.hold"
    GROUP_UNHOLD = "group.unhold"
    GROUP_SETTINGS = "group.settings"
    GROUP_MEMBERS = "group.members"
    DIRECTORY_PAGE = "directory.page"
    # wizard and settings
    WIZARD_BACK = "wizard.back"
    WIZARD_MORE = "wizard.more"
    WIZARD_TEMPLATES = "wizard.templates"
    WIZARD_TEMPLATE = "wizard.template"
    # members
    MEMBERS_PAGE = "members.page"
    MEMBERS_CHOOSE = "members.choose"
    MEMBERS_ADD = "members.add"
    MEMBERS_IMPORT = "members.import"
    MEMBERS_EXPORT = "members.export"
    PROPOSAL_APPLY = "proposal.apply"
    PROPOSAL_DISCARD = "proposal.discard"
    ENDING_EXTEND = "ending.extend"
    ENDING_LET = "ending.let"
    # home
    HOME_PAGE = "home.page"
    PENDING_PAGE = "pending.page"
    PENDING_SEVERAL = "pending.several"
    FLOOD_DISCARD = "flood.discard"
    # app passwords
    PASSWORD_FORM = "password.form"
    PASSWORD_REVOKE = "password.revoke"
    # mail written in Slack
    COMPOSE_UNDO = "compose.undo"
    COMPOSE_EDIT = "compose.edit"
    COMPOSE_ANSWER = "compose.answer"
    THREAD_SEND = "thread.send"
    THREAD_DECLINE = "thread.decline"
    # a link or a field that acts nowhere: answered with nothing
    INERT = "inert"


class Form(StrEnum):
    """Callback ids of modals that are submitted."""

    REQUEST_DENY = "form.request.deny"
    POST_REJECT = "form.post.reject"
    ALWAYS = "form.always"
    BAN_LOOK = "form.ban.look"
    BAN = "form.ban"
    READ = "form.read"
    DETAILS = "form.details"
    WHY = "form.why"
    MESSAGE = "form.message"
    WIZARD_SETTINGS = "form.wizard.settings"
    WIZARD_MORE = "form.wizard.more"
    WIZARD_TEMPLATES = "form.wizard.templates"
    WIZARD_PEOPLE = "form.wizard.people"
    WIZARD_REVIEW = "form.wizard.review"
    MEMBERS = "form.members"
    MEMBERS_ADD = "form.members.add"
    MEMBERS_UNTIL = "form.members.until"
    MEMBERS_IMPORT = "form.members.import"
    DELETE = "form.delete"
    HOLD = "form.hold"
    RENAME = "form.rename"
    BOUNCING_ADDRESS = "form.bouncing.address"
    JOIN = "form.join"
    PASSWORDS = "form.passwords"
    PASSWORD_MADE = "form.password.made"
    RECEIVE = "form.receive"
    COMPOSE = "form.compose"
    PREVIEW = "form.compose.preview"
    SEVERAL = "form.several"
    MATTER_ADMINISTRATOR = "form.matter.administrator"


class Shortcut(StrEnum):
    """Callback ids of shortcuts, as the manifest names them."""

    MESSAGE_TO_GROUP = "message_to_group"  # at a message
    MAIL_TO_GROUP = "mail_to_group"  # anywhere


class Field(StrEnum):
    """Block ids of inputs; the input's action id is the same word, so an error finds its field."""

    REASON = "reason"
    CHOSEN = "chosen"
    DECISION = "decision"
    CANNED = "canned"
    WHOM = "whom"
    PATTERN = "pattern"
    CONFIRM = "confirm"
    ADDRESS = "address"
    PERSON = "person"
    MAILBOX = "mailbox"
    NOTE = "note"
    LABEL = "label"
    WISHES = "wishes"
    LOCAL = "local"
    DOMAIN = "domain"
    DISPLAY_NAME = "display_name"
    MAX_RECEIVE = "max_receive_size"
    MAX_SEND = "max_send_size"
    SUBSCRIPTION = "subscription"
    LEAVE = "leave"
    HIDDEN = "hidden"
    POSTING = "posting"
    MODERATION = "moderation"
    REPORT_CHANNEL = "report_channel"
    MODERATION_CHANNEL = "moderation_channel"
    ADMINISTRATORS = "administrators"
    MODERATORS = "moderators"
    CONTACTS = "contacts"
    OUTSIDE = "outside"
    ALSO_CONTACTS = "also_contacts"
    SEARCH = "search"
    FILE = "file"
    WITHDRAW_OTHERS = "withdraw_others"
    PEOPLE = "people"
    EVERYONE_IN = "everyone_in"
    UNTIL = "until"
    ROLE = "role"
    MODE = "mode"
    LANGUAGE = "language"
    COPIES = "copies"
    SLACK_CONTENT = "slack_content"
    DIGEST = "digest"
    OVER_SEND_SIZE = "over_send_size"
    SUBJECT_TAG = "subject_tag"
    FOOTER = "footer"
    REPLY_TO = "reply_to"
    GROUP = "group"
    SUBJECT = "subject"
    TEXT = "text"
    FOLLOWS = "follows"
    FOLLOW_GUESTS = "follow_guests"
    FOLLOW_BOTS = "follow_bots"
    ALIASES = "aliases"


# The metadata event our messages carry, by which a lost answer is found again. Anybody in the workspace can read it:
# ids only.
NOTICE_EVENT = "postroom_notice"


def numbered(action: Action, n: int) -> str:
    """The id of the n-th element of one view that leads to the same handler."""
    return f"{action}#{n}"


def handler_of(action_id: str) -> str:
    """The registered id of what was clicked: without the number that keeps it unique in its view."""
    return action_id.partition("#")[0]
