//! The `changelog` section.

use super::Kind::{Any, BoolOrTemplate, Enum, Int, List, Map, MapOrText, Template, Text};
use super::core::MARKDOWN;
use super::{Shape, key, shape};

static FILTERS: Shape = shape(
    "changelog_filters",
    &[
        key("include", List(&Template), "Regular expressions; only matching commits stay."),
        key(
            "exclude",
            List(&Template),
            "Regular expressions; matching commits go. Ignored beside `include`.",
        ),
    ],
);

static SUBGROUP: Shape = shape(
    "changelog_subgroup",
    &[
        key("title", Template, "Heading."),
        key("regexp", Template, "Which commits."),
        key("order", Int, "Place among its siblings."),
    ],
);

static GROUP: Shape = shape(
    "changelog_group",
    &[
        key("title", Template, "Heading."),
        key("regexp", Template, "Which commits; without it, those that are left."),
        key("order", Int, "Place among the groups."),
        key("groups", List(&Map(&SUBGROUP)), "Groups inside the group.").later().pro(),
    ],
);

static AI: Shape = shape(
    "changelog_ai",
    &[
        key("use", Enum(&["anthropic", "openai", "ollama"]), "Who writes."),
        key("prompt", MapOrText(&MARKDOWN, "text"), "What is asked."),
        key("model", Template, "Which model."),
    ],
);

pub(super) static CHANGELOG: Shape = shape(
    "changelog",
    &[
        key("disable", BoolOrTemplate, "Make none."),
        key("skip", Any, "Make none.").removed("write `disable:`"),
        key(
            "use",
            Enum(&["git", "github", "github-native", "gitlab", "gitea"]),
            "Where commits come from; all but git are read from the local git log, with a warning.",
        ),
        key("format", Template, "One line; default `{{ .SHA }} {{ .Message }}` for git."),
        key("sort", Enum(&["asc", "desc", ""]), "Order by message."),
        key("abbrev", Int, "Length of commit hashes; 0 leaves them whole, -1 drops them."),
        key("filters", Map(&FILTERS), "Which commits."),
        key("groups", List(&Map(&GROUP)), "Headings."),
        key("divider", Text, "Line between groups.").later().pro(),
        key("paths", List(&Template), "Only commits that touch these.").later().pro(),
        key("ai", Map(&AI), "Let a model rewrite it.").later().pro(),
        key("title", Template, "Heading of the whole.").later().pro(),
    ],
);
