//! Who is told: `announce`.

use super::super::Kind::{Any, Bool, BoolOrTemplate, Enum, Int, List, Map, MapOf, Template};
use super::super::{Shape, key, shape};

pub(crate) static ANNOUNCE: Shape = shape(
    "announce",
    &[
        key("skip", BoolOrTemplate, ""),
        key("twitter", Map(&TWITTER), ""),
        key("mastodon", Map(&MASTODON), ""),
        key("reddit", Map(&REDDIT), ""),
        key("slack", Map(&SLACK), ""),
        key("discord", Map(&DISCORD), ""),
        key("teams", Map(&TEAMS), ""),
        key("smtp", Map(&SMTP), ""),
        key("mattermost", Map(&MATTERMOST), ""),
        key("linkedin", Map(&LINKED_IN), ""),
        key("telegram", Map(&TELEGRAM), ""),
        key("webhook", Map(&WEBHOOK), ""),
        key("opencollective", Map(&OPEN_COLLECTIVE), ""),
        key("bluesky", Map(&BLUESKY), ""),
        key("discourse", Map(&DISCOURSE), ""),
    ],
);

pub(crate) static TWITTER: Shape = shape(
    "twitter",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("message_template", Template, "Text of the message."),
    ],
);

pub(crate) static MASTODON: Shape = shape(
    "mastodon",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("message_template", Template, "Text of the message."),
        key("server", Template, ""),
    ],
);

pub(crate) static REDDIT: Shape = shape(
    "reddit",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("application_id", Template, ""),
        key("username", Template, "User name."),
        key("title_template", Template, "Title of the message."),
        key("url_template", Template, "Address of the artifact."),
        key("sub", Template, ""),
    ],
);

pub(crate) static SLACK: Shape = shape(
    "slack",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("message_template", Template, "Text of the message."),
        key("channel", Template, "Channel."),
        key("username", Template, "User name."),
        key("icon_emoji", Template, ""),
        key("icon_url", Template, "Address of a picture."),
        key("blocks", List(&Any), ""),
        key("attachments", List(&Any), ""),
    ],
);

pub(crate) static DISCORD: Shape = shape(
    "discord",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("message_template", Template, "Text of the message."),
        key("author", Template, ""),
        key("color", Template, "Colour of the message."),
        key("icon_url", Template, "Address of a picture."),
    ],
);

pub(crate) static TEAMS: Shape = shape(
    "teams",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("title_template", Template, "Title of the message."),
        key("message_template", Template, "Text of the message."),
        key("color", Template, "Colour of the message."),
        key("icon_url", Template, "Address of a picture."),
    ],
);

pub(crate) static SMTP: Shape = shape(
    "smtp",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("host", Template, ""),
        key("port", Int, ""),
        key("username", Template, "User name."),
        key("from", Template, ""),
        key("to", List(&Template), ""),
        key("subject_template", Template, ""),
        key("body_template", Template, ""),
        key("insecure_skip_verify", Bool, ""),
    ],
);

pub(crate) static MATTERMOST: Shape = shape(
    "mattermost",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("message_template", Template, "Text of the message."),
        key("title_template", Template, "Title of the message."),
        key("color", Template, "Colour of the message."),
        key("channel", Template, "Channel."),
        key("username", Template, "User name."),
        key("icon_emoji", Template, ""),
        key("icon_url", Template, "Address of a picture."),
    ],
);

pub(crate) static LINKED_IN: Shape = shape(
    "linked_in",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("message_template", Template, "Text of the message."),
    ],
);

pub(crate) static TELEGRAM: Shape = shape(
    "telegram",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("message_template", Template, "Text of the message."),
        key("chat_id", Template, ""),
        key("parse_mode", Enum(&["MarkdownV2", "HTML"]), ""),
        key("message_thread_id", Template, ""),
    ],
);

pub(crate) static WEBHOOK: Shape = shape(
    "webhook",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("skip_tls_verify", Bool, ""),
        key("message_template", Template, "Text of the message."),
        key("endpoint_url", Template, ""),
        key("headers", MapOf(&Template), "Headers of the request."),
        key("content_type", Template, ""),
        key("expected_status_codes", List(&Int), ""),
    ],
);

pub(crate) static OPEN_COLLECTIVE: Shape = shape(
    "open_collective",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("slug", Template, ""),
        key("title_template", Template, "Title of the message."),
        key("message_template", Template, "Text of the message."),
    ],
);

pub(crate) static BLUESKY: Shape = shape(
    "bluesky",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("username", Template, "User name."),
        key("message_template", Template, "Text of the message."),
    ],
);

pub(crate) static DISCOURSE: Shape = shape(
    "discourse",
    &[
        key("enabled", BoolOrTemplate, "Whether it is done."),
        key("title_template", Template, "Title of the message."),
        key("message_template", Template, "Text of the message."),
        key("server", Template, ""),
        key("category_id", Int, ""),
        key("username", Template, "User name."),
    ],
);
