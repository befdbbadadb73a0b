"""The language server, seen by clients that hold every message against the types of the specification.

pytest-lsp brings the capabilities of real editors; they differ in how positions are counted, and in whether
problems are asked for or told. `theater` has to be on the PATH. tests/it/pytest_lsp.rs starts this.
"""

import asyncio
import subprocess

import pytest
import pytest_lsp
from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

EDITORS = ["emacs", "neovim@v0.11.0", "visual_studio_code"]

# How the editors count the characters of a line.
COUNTS = {
    lsp.PositionEncodingKind.Utf8: lambda text: len(text.encode()),
    lsp.PositionEncodingKind.Utf16: lambda text: len(text.encode("utf-16-le")) // 2,
    lsp.PositionEncodingKind.Utf32: len,
}

# How long what must come may take, in seconds.
PATIENCE = 60


class Project:
    """A project in a folder of its own, and an editor's view of it."""

    def __init__(self, folder):
        self.folder = folder
        self.client = None
        self.answer = None
        self.versions = {}
        self.texts = {}

    def uri(self, name):
        return (self.folder / name).as_uri()

    def document(self, name):
        return lsp.TextDocumentIdentifier(uri=self.uri(name))

    def open(self, name, text=None):
        text = (self.folder / name).read_text() if text is None else text
        self.versions[name], self.texts[name] = 1, text
        language = "wit" if name.endswith(".wit") else "toml"
        item = lsp.TextDocumentItem(uri=self.uri(name), language_id=language, version=1, text=text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(text_document=item))

    def change(self, name, text):
        self.versions[name] += 1
        self.texts[name] = text
        document = lsp.VersionedTextDocumentIdentifier(
            uri=self.uri(name), version=self.versions[name]
        )
        changes = [lsp.TextDocumentContentChangeWholeDocument(text=text)]
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, changes))

    @property
    def count(self):
        encoding = self.answer.capabilities.position_encoding
        return COUNTS[encoding or lsp.PositionEncodingKind.Utf16]

    def at(self, name, words):
        """The position of the first of these words."""
        before = self.texts[name][: self.texts[name].index(words)]
        line = before.rpartition("\n")[2]
        return lsp.Position(line=before.count("\n"), character=self.count(line))

    def part(self, name, place):
        """The text of a range in one line."""
        assert place.start.line == place.end.line, place
        line = self.texts[name].split("\n")[place.start.line]
        ends = [place.start.character, place.end.character]
        start, end = (
            next(i for i in range(len(line) + 1) if self.count(line[:i]) == wanted)
            for wanted in ends
        )
        return line[start:end]

    def place(self, name, words):
        return {"text_document": self.document(name), "position": self.at(name, words)}

    async def problems(self, name, codes):
        """The problems of a file when they are those with these codes: asked for, or told."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if self.answer.capabilities.diagnostic_provider:
                    params = lsp.DocumentDiagnosticParams(text_document=self.document(name))
                    found = (await self.client.text_document_diagnostic_async(params)).items
                    assert [it.code for it in found] == codes
                    return found
                found = self.client.diagnostics.get(self.uri(name))
                if found is not None and [it.code for it in found] == codes:
                    return found
                await self.client.wait_for_notification(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

    def apply(self, edit):
        """The texts after an edit of the whole workspace."""
        if edit.document_changes is None:
            changes = edit.changes.items()
        else:
            changes = [(it.text_document.uri, it.edits) for it in edit.document_changes]
        for uri, edits in changes:
            name = next(name for name in self.texts if self.uri(name) == uri)
            self.change(name, self.edited(name, edits))

    def edited(self, name, edits):
        lines = self.texts[name].split("\n")
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)

        def offset(position):
            line = lines[position.line] if position.line < len(lines) else ""
            inside = range(len(line) + 1)
            column = next(i for i in inside if self.count(line[:i]) >= position.character)
            return starts[position.line] + column

        text = self.texts[name]
        for edit in sorted(edits, key=lambda it: offset(it.range.start), reverse=True):
            text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
        return text


@pytest.fixture
def project(tmp_path):
    make = ["theater", "new", "my-actor", "--language", "wat", "--vcs", "none"]
    subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)
    folder = tmp_path / "my-actor"
    subprocess.run(["theater", "build"], cwd=folder, check=True, capture_output=True)
    return Project(folder)


@pytest_lsp.fixture(
    params=EDITORS, config=ClientServerConfig(server_command=["theater", "lsp", "--stdio"])
)
async def client(request, client: LanguageClient, project):
    folder = lsp.WorkspaceFolder(uri=project.uri(""), name="my-actor")
    params = lsp.InitializeParams(
        capabilities=client_capabilities(request.param), workspace_folders=[folder]
    )
    project.client = client
    # Which files are to be watched; nothing changes on disk here.
    client.feature(lsp.CLIENT_REGISTER_CAPABILITY)(lambda params: None)
    project.answer = await client.initialize_session(params)
    yield
    await client.shutdown_session()


pytestmark = pytest.mark.asyncio


async def test_a_fix_removes_its_problem(client, project):
    project.open("theater.toml", project.folder.joinpath("theater.toml").read_text() + "\n[limit]\n")
    [problem] = await project.problems("theater.toml", ["TH0104"])
    assert project.part("theater.toml", problem.range) == "limit"
    params = lsp.CodeActionParams(
        text_document=project.document("theater.toml"),
        range=problem.range,
        context=lsp.CodeActionContext(diagnostics=[problem]),
    )
    actions = await client.text_document_code_action_async(params)
    fix = next(it for it in actions if it.kind == lsp.CodeActionKind.QuickFix)
    project.apply(fix.edit)
    assert "[limits]" in project.texts["theater.toml"]
    await project.problems("theater.toml", [])


async def test_an_unsaved_world_shows_in_the_manifest(client, project):
    project.open("theater.toml")
    await project.problems("theater.toml", [])
    world = project.folder.joinpath("wit/world.wit").read_text()
    project.open("wit/world.wit")
    text = world.replace("import ", "/* ü𝄞 */ import theater:host/log@0.1.0; import ", 1)
    project.change("wit/world.wit", text)
    # The manifest has not changed, and nothing is saved.
    await project.problems("theater.toml", ["TH0205"])
    place = project.place("wit/world.wit", "log@")
    hover = await client.text_document_hover_async(lsp.HoverParams(**place))
    assert "log" in hover.contents.value
    assert project.part("wit/world.wit", hover.range) == "theater:host/log@0.1.0"
    found = await client.text_document_definition_async(lsp.DefinitionParams(**place))
    targets = [getattr(it, "target_uri", None) or it.uri for it in found]
    assert targets and targets[0].endswith("log.wit"), targets


async def test_what_can_be_typed(client, project):
    text = project.folder.joinpath("theater.toml").read_text()
    project.open("theater.toml", text.replace("[handlers]\n", "[handlers]\nti\n"))
    place = project.place("theater.toml", "ti\n")
    place["position"].character += 2
    found = await client.text_document_completion_async(lsp.CompletionParams(**place))
    items = found if isinstance(found, list) else found.items
    timer = next(it for it in items if it.label == "timer")
    resolved = await client.completion_item_resolve_async(timer)
    assert resolved.documentation


async def test_names_in_wit(client, project):
    project.open("wit/world.wit")
    world = "wit/world.wit"
    place = project.place(world, "counter;")
    prepared = await client.text_document_prepare_rename_async(lsp.PrepareRenameParams(**place))
    assert prepared
    edit = await client.text_document_rename_async(lsp.RenameParams(**place, new_name="tally"))
    project.apply(edit)
    assert "interface tally" in project.texts[world] and "export tally;" in project.texts[world]
    context = lsp.ReferenceContext(include_declaration=True)
    place = project.place(world, "tally;")
    found = await client.text_document_references_async(lsp.ReferenceParams(context, **place))
    assert {project.part(world, it.range) for it in found} == {"tally"} and len(found) == 2
    found = await client.text_document_document_highlight_async(lsp.DocumentHighlightParams(**place))
    assert len(found) == 2


async def test_whole_texts(client, project):
    world = "wit/world.wit"
    neat = project.folder.joinpath(world).read_text()
    project.open(world, "\n".join("  " + line for line in neat.split("\n")))
    options = lsp.FormattingOptions(tab_size=4, insert_spaces=True)
    params = lsp.DocumentFormattingParams(project.document(world), options)
    edits = await client.text_document_formatting_async(params)
    project.change(world, project.edited(world, edits))
    assert project.texts[world] == neat

    document = {"text_document": project.document(world)}
    symbols = await client.text_document_document_symbol_async(lsp.DocumentSymbolParams(**document))
    assert any(it.name == "counter" for it in symbols)
    tokens = lsp.SemanticTokensParams(**document)
    tokens = await client.text_document_semantic_tokens_full_async(tokens)
    assert tokens.data and len(tokens.data) % 5 == 0
    assert await client.text_document_folding_range_async(lsp.FoldingRangeParams(**document))
    at = [project.at(world, "increment")]
    selection = lsp.SelectionRangeParams(positions=at, **document)
    [selected] = await client.text_document_selection_range_async(selection)
    assert project.part(world, selected.range) == "increment"
    found = await client.workspace_symbol_async(lsp.WorkspaceSymbolParams(query="counter"))
    assert any(it.name == "counter" for it in found)


async def test_what_stands_beside_a_manifest(client, project):
    project.open("theater.toml")
    document = {"text_document": project.document("theater.toml")}
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(1000, 0))
    hints = await client.text_document_inlay_hint_async(lsp.InlayHintParams(range=whole, **document))
    assert hints
    lenses = await client.text_document_code_lens_async(lsp.CodeLensParams(**document))
    assert "Build" in {it.command.title for it in lenses}
    links = await client.text_document_document_link_async(lsp.DocumentLinkParams(**document))
    assert links
