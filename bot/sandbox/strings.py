"""Every sentence the pocket workspace itself says to a person, as a client of Slack would, and its page in French."""

from __future__ import annotations

from collections.abc import Mapping

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
NO_COMMANDS_HERE = "Slash commands do not work in threads."

# What is said with something filled in: the page knows it again by these.
FILLED = (
    TOO_SHORT,
    TOO_LONG,
    TOO_SMALL,
    TOO_LARGE,
    COMMAND_FAILED,
    UNKNOWN_COMMAND,
    ACTION_FAILED,
    SUBMIT_FAILED,
)

# What the page says, and what stands above, by its English: what is not here is shown in English.
FRENCH: Mapping[str, str] = {
    REQUIRED: "Veuillez remplir ce champ obligatoire.",
    NOT_EMAIL: "Veuillez saisir une adresse e-mail valide.",
    NOT_URL: "Veuillez saisir une URL valide.",
    NOT_NUMBER: "Veuillez saisir un nombre.",
    TOO_SHORT: "Ce champ doit compter au moins {limit} caractères.",
    TOO_LONG: "Ce champ doit compter {limit} caractères au plus.",
    TOO_SMALL: "Ce nombre doit être supérieur ou égal à {limit}.",
    TOO_LARGE: "Ce nombre doit être inférieur ou égal à {limit}.",
    COMMAND_FAILED: "{command} a échoué avec l'erreur «\u00a0{error}\u00a0»",
    UNKNOWN_COMMAND: "{command} n'est pas une commande valide. Dans Slack, elle n'est pas envoyée comme message.",
    ACTION_FAILED: "Cette application n'a pas répondu ({error}). Réessayez.",
    SUBMIT_FAILED: "La connexion a posé problème ({error}). Réessayer\u202f?",
    NOT_A_MEMBER: "Vous n'êtes pas dans ce canal.",
    NO_COMMANDS_HERE: "Les commandes ne fonctionnent pas dans les fils.",
    "Pocket workspace": "Espace de travail de poche",
    "Language of this page and its reader": "Langue de cette page et de qui la lit",
    "What is shown": "Ce qui est affiché",
    "Slack": "Slack",
    "Both": "Les deux",
    "Mail room": "Courrier",
    "Slack workspace": "Espace de travail Slack",
    "Channels": "Canaux",
    "Act as": "Agir en tant que",
    "App": "Application",
    "Messages": "Messages",
    "Message or slash command": "Message ou commande",
    "Send": "Envoyer",
    "Write a mail": "Écrire un courrier",
    "Mailboxes": "Boîtes aux lettres",
    "No mail has arrived yet.": "Aucun courrier n'est encore arrivé.",
    "Write one to a group above: each contact’s copy appears here, side by side.": "Écrivez-en un à un groupe "
    "ci-dessus\u00a0: la copie de chaque contact apparaît ici, côte à côte.",
    "English": "English",
    "Français": "Français",
    "connecting …": "connexion …",
    "live": "en direct",
    "not connected, trying again …": "pas de connexion, nouvel essai …",
    "owner": "propriétaire",
    "admin": "administrateur",
    "guest": "invité",
    "member": "membre",
    "no e-mail address": "sans adresse e-mail",
    "private": "privé",
    "private channel": "canal privé",
    "(unread)": "(non lu)",
    "(edited)": "(modifié)",
    "More actions at this message": "Autres actions pour ce message",
    "APP": "APPLI",
    "Reply in thread": "Répondre dans le fil",
    "Only visible to you": "Visible par vous seul",
    "Message {place}, or {command}": "Écrire à {place}, ou {command}",
    "Home": "Accueil",
    "You are not in this channel.": "Vous n'êtes pas dans ce canal.",
    "Join": "Rejoindre",
    "Postroom is drawing this page …": "Postroom prépare cette page …",
    "Nothing has been said here yet.": "Rien n'a encore été dit ici.",
    "To make a group, to see which there are, and for help:": "Pour créer un groupe, voir ceux qui existent, et de "
    "l'aide\u00a0:",
    "Nothing yet for {people}.": "Rien encore pour {people}.",
    "Mailbox of {address}": "Boîte aux lettres de {address}",
    "Mails": "Courriers",
    "outside the workspace": "hors de l'espace de travail",
    "Previous rows": "Lignes précédentes",
    "Next rows": "Lignes suivantes",
    "Rows {from} to {to} of {n}": "Lignes {from} à {to} sur {n}",
    "(no subject)": "(sans objet)",
    "Envelope": "Enveloppe",
    "Attached: {name} ({type}, {size} bytes)": "Pièce jointe\u00a0: {name} ({type}, {size} octets)",
    "All {n} header fields": "Les {n} champs d'en-tête",
    "As received": "Tel que reçu",
    "Leave by one click": "Quitter en un clic",
    "Bounce it": "Le faire revenir",
    "Reply": "Répondre",
    "Close": "Fermer",
    "Cancel": "Annuler",
    "Dismiss": "Masquer",
    "Done: this person gets no more of it.": "C'est fait\u00a0: cette personne n'en recevra plus.",
    "Taken": "Accepté",
    "Refused ({stage})": "Refusé ({stage})",
    "As this person": "En tant que cette personne",
    "Pretending to be them": "En se faisant passer pour elle",
    "As a stranger": "En tant qu'inconnu",
    "How": "Comment",
    "From": "De",
    "To": "À",
    "Subject": "Objet",
    "Text": "Texte",
    "Mail it": "Envoyer le courrier",
    "{n} of at most 3": "{n} sur 3 au plus",
    "More actions": "Autres actions",
    "Choose …": "Choisir …",
    "Add …": "Ajouter …",
    "Add to {what}": "Ajouter à {what}",
    "(optional)": "(facultatif)",
    "the choice": "la sélection",
    "Remove {what}": "Retirer {what}",
    "Search": "Chercher",
    "Search …": "Chercher …",
    "{name} ({size} bytes)": "{name} ({size} octets)",
    "({size} bytes)": "({size} octets)",
    "The tour, to click through yourself": "La visite, à parcourir soi-même",
    "Begin again": "Recommencer",
    "({n} of {all} done)": "({n} sur {all})",
    "Done.": "Fait.",
    "To do.": "À faire.",
    "Show me": "Montrez-moi",
    "Show me step {n}": "Montrez-moi l'étape {n}",
    "As Ada, type {line} in #general, go through its three steps with #reports and #moderators as channels, and press "
    "the last button.": "En tant qu'Ada, tapez {line} dans #general, parcourez les trois étapes avec #reports et "
    "#moderators comme canaux, et cliquez sur le dernier bouton.",
    "As Margaret, type {line} and the new group's address in #general.": "En tant que Margaret, tapez {line} et "
    "l'adresse du nouveau groupe dans #general.",
    "As Ada, press Approve on the card in #moderators.": "En tant qu'Ada, cliquez sur Approuver sur la carte dans "
    "#moderators.",
    "In the mail room, write to the group's address as somebody who is in it.": "Dans la partie Courrier, "
    "écrivez à l'adresse du groupe en tant que quelqu'un qui en fait partie.",
    "In #reports, see the report grow until every copy is counted.": "Dans #reports, voyez le rapport grandir jusqu'à "
    "ce que chaque copie soit comptée.",
    "In the mail room, see one copy in every contact's mailbox.": "Dans la partie Courrier, voyez une copie dans la "
    "boîte de chaque contact.",
    "Write to the group as a stranger, and as Ada press Discard on the card in #moderators.": "Écrivez au groupe en "
    "tant qu'inconnu, et en tant qu'Ada cliquez sur Écarter sur la carte dans #moderators.",
    "Open a copy in the mail room, and press its button for leaving by one click.": "Dans la partie Courrier, "
    "ouvrez une copie, et cliquez sur le bouton qui permet de quitter le groupe en un clic.",
}
LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": {}, "fr": FRENCH}
