"""What a French hand types in place of a command's English words. All of it is taken in every language.

Pure. Usages, examples and answers keep the English words: they are what colleagues tell each other. What the log is
asked for is each reader's own, and is offered in French.
"""

from __future__ import annotations

from collections.abc import Mapping

VERBS: Mapping[str, str] = {
    word: verb
    for verb, words in {
        "create": ("créer", "creer", "nouveau"),
        "list": ("liste", "lister", "groupes", "annuaire"),
        "show": ("voir", "montrer", "afficher"),
        "settings": ("réglages", "reglages", "réglage", "paramètres", "parametres"),
        "members": ("membres",),
        "add": ("ajouter", "ajout"),
        "remove": ("retirer", "enlever"),
        "join": ("rejoindre", "abonner", "abonnement"),
        "leave": ("quitter", "désabonner", "desabonner"),
        "test": ("tester", "essai"),
        "pause": ("suspendre",),
        "resume": ("reprendre",),
        "receive": ("recevoir",),
        "pending": ("attente", "en-attente"),
        "check": ("vérifier", "verifier", "puis-je"),
        "why": ("pourquoi",),
        "reports": ("rapports", "rapport", "statistiques", "chiffres"),
        "post": ("écrire", "ecrire", "envoyer", "publier", "rédiger", "rediger"),
        "password": ("mot-de-passe", "mots-de-passe", "motdepasse", "mdp"),
        "ban": ("exclure", "bannir", "bloquer"),
        "allow": ("admettre", "autoriser"),
        "import": ("importer",),
        "export": ("exporter",),
        "log": ("journal", "historique"),
        "rename": ("renommer",),
        "hold": ("geler", "retenir"),
        "unhold": ("dégeler", "degeler", "relâcher", "relacher"),
        "archive": ("archiver",),
        "unarchive": ("désarchiver", "desarchiver"),
        "delete": ("supprimer",),
        "restore": ("restaurer", "rétablir", "retablir"),
        "help": ("aide",),
        "doctor": ("contrôle", "controle", "diagnostic"),
    }.items()
    for word in words
}
AS = frozenset({"as", "comme"})
AT = frozenset({"at", "à", "a"})
KEYWORDS: Mapping[str, str] = {
    "ajouter": "add", "retirer": "remove", "enlever": "remove",
    "administrateur": "administrator", "administratrice": "administrator", "modérateur": "moderator",
    "moderateur": "moderator", "modératrice": "moderator", "moderatrice": "moderator",
    "nouveau": "new", "créer": "new", "creer": "new", "liste": "list", "lister": "list", "révoquer": "revoke",
    "revoquer": "revoke", "miennes": "own", "adressées": "addressed", "adressees": "addressed",
}  # fmt: skip
# What the log is asked for: the English word, and the French ones, the first of which is offered.
LOGGED: Mapping[str, tuple[str, ...]] = {
    "groups": ("groupes", "groupe"),
    "settings": ("réglages", "reglages", "réglage", "reglage", "paramètres", "parametres"),
    "members": ("membres", "membre"),
    "requests": ("demandes", "demande"),
    "posts": ("messages", "message"),
    "passwords": ("mots-de-passe", "mot-de-passe", "motdepasse", "mdp"),
    "checkups": ("contrôles", "controles", "contrôle", "controle", "diagnostics", "diagnostic"),
    "erasures": ("effacements", "effacement"),
    "mail": ("courriel", "courrier", "e-mail", "email"),
    "import": ("importation",),
    "system": ("système", "systeme"),
    "since": ("depuis",),
    "today": ("aujourd'hui", "aujourd’hui"),
    "yesterday": ("hier",),
}
LOG: Mapping[str, str] = {word: english for english, words in LOGGED.items() for word in words}
SETTINGS: Mapping[str, str] = {
    "nom": "display_name", "taille_max_entrante": "max_receive_size", "taille_max_sortante": "max_send_size",
    "abonnement": "subscription", "désabonnement": "leave", "desabonnement": "leave", "caché": "hidden",
    "cacher": "hidden", "modération": "moderation", "langue": "language", "préfixe": "subject_tag",
    "pied_de_page": "footer", "réponses": "reply_to", "bilan": "digest",
}  # fmt: skip
VALUES: Mapping[str, str] = {
    "ouvert": "open", "ouverte": "open", "modéré": "moderated", "modere": "moderated", "modérée": "moderated",
    "moderee": "moderated", "fermé": "closed", "ferme": "closed", "fermée": "closed", "fermee": "closed",
    "tous": "anyone", "membres": "members", "administrateurs": "administrators", "aucun": "none", "rien": "none",
    "non-membres": "non-members", "objet": "subject", "extrait": "excerpt", "personnelles": "personal",
    "partagées": "shared", "suspendu": "paused", "actif": "live", "anglais": "en", "français": "fr",
    "francais": "fr", "refuser": "refuse", "auteur": "author", "groupe": "group", "hebdomadaire": "weekly",
}  # fmt: skip
