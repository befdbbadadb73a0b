-- Drives Neovim through what a person does, and prints what it then knows: a line of JSON for each
-- step. Started by tests/it/neovim.rs in the folder of a project.

local function say(step, value)
  io.stdout:write(vim.json.encode({ step = step, value = value }), '\n')
  io.stdout:flush()
end

local function wait(what, condition)
  if not vim.wait(60000, condition, 20) then
    say('failed', what)
    vim.cmd('cquit')
  end
end

-- What is shown in a buffer, and in which order.
local function shown(buffer)
  local found = vim.tbl_map(function(it)
    return {
      code = it.code,
      message = vim.split(it.message, '\n')[1],
      from = { it.lnum, it.col },
      to = { it.end_lnum, it.end_col },
    }
  end, vim.diagnostic.get(buffer))
  table.sort(found, function(a, b)
    return a.from[1] < b.from[1]
  end)
  return found
end

-- Whether a problem is shown. The text tells it from another one of the same code that is about to go.
local function has(buffer, code, text)
  return vim.iter(vim.diagnostic.get(buffer)):any(function(it)
    return it.code == code and it.message:find(text, 1, true) ~= nil
  end)
end

local function hover(buffer, line, column)
  local at = { line = line, character = column }
  local params = { textDocument = vim.lsp.util.make_text_document_params(buffer), position = at }
  local answers = vim.lsp.buf_request_sync(buffer, 'textDocument/hover', params, 30000)
  local _, answer = next(answers or {})
  return answer and answer.result and answer.result.contents.value or vim.NIL
end

vim.lsp.enable('theater')

-- A TOML file of somebody else: no server.
vim.cmd.edit('Cargo.toml')
vim.cmd.edit('theater.toml')
local manifest = vim.api.nvim_get_current_buf()
wait('problems in theater.toml', function()
  return has(manifest, 'TH0105', 'stat') and has(manifest, 'TH0205', 'theater:host/state')
end)
say('clients', #vim.lsp.get_clients({ bufnr = vim.fn.bufnr('Cargo.toml') }))
say('opened', shown(manifest))

vim.api.nvim_buf_set_lines(manifest, 0, -1, false, vim.split(vim.env.THEATER_TEST_MANIFEST, '\n'))
-- Nor in the world, which is told after the manifest.
wait('no problems', function()
  return #vim.diagnostic.get() == 0
end)
say('mended', shown(manifest))

vim.cmd.edit('wit/world.wit')
local world = vim.api.nvim_get_current_buf()
say('filetype', vim.bo[world].filetype)
local at = vim.iter(ipairs(vim.api.nvim_buf_get_lines(world, 0, -1, false))):find(function(_, line)
  return line:find('^%s*import ')
end)
-- Not saved.
vim.api.nvim_buf_set_lines(world, at, at, false, { '    import theater:host/log@0.1.0; // ü𝄞' })
wait('the consequence in theater.toml', function()
  return has(manifest, 'TH0205', 'theater:host/log') and has(world, 'TH0205', 'theater:host/log')
end)
say('manifest', shown(manifest))
say('world', shown(world))
say('modified', vim.bo[world].modified)

say('hover interface', hover(world, at, 24))
local lines = vim.api.nvim_buf_get_lines(manifest, 0, -1, false)
local handler = vim.iter(ipairs(lines)):find(function(_, line)
  return line:find('^state')
end)
say('hover handler', hover(manifest, handler - 1, 2))

-- From an import to its interface.
vim.api.nvim_win_set_cursor(0, { at + 1, 26 })
vim.lsp.buf.definition()
wait('the interface log', function()
  return vim.api.nvim_buf_get_name(0):find('theater%-host/log%.wit$') ~= nil
end)
say('definition', vim.api.nvim_get_current_line())
vim.cmd.buffer(world)

vim.cmd.undo()
wait('no problems after undo', function()
  return #vim.diagnostic.get() == 0
end)
say('undone', shown(manifest))

-- The one layout, of WIT and of the manifest.
vim.cmd.buffer(world)
local neat = vim.api.nvim_buf_get_lines(world, 0, -1, false)
vim.api.nvim_buf_set_lines(world, 0, -1, false, vim.tbl_map(function(line)
  return '  ' .. line
end, neat))
vim.lsp.buf.format({ bufnr = world, timeout_ms = 30000 })
say('formatted', vim.deep_equal(vim.api.nvim_buf_get_lines(world, 0, -1, false), neat))

-- What colours know: that a name is an interface which Theater brings.
wait('semantic tokens', function()
  local tokens = vim.lsp.semantic_tokens.get_at_pos(world, at - 1, 26)
  return tokens and #tokens > 0
end)
local token = vim.lsp.semantic_tokens.get_at_pos(world, at - 1, 26)[1]
say('semantic token', { type = token.type, modifiers = vim.tbl_keys(token.modifiers) })

-- The program's own check, of what is on disk.
vim.cmd('Theater check')
say(
  'quickfix',
  vim.tbl_map(function(it)
    return { file = vim.fn.bufname(it.bufnr), line = it.lnum, column = it.col, text = it.text }
  end, vim.fn.getqflist())
)
vim.cmd.cclose()
say('words', vim.fn.getcompletion('Theater re', 'cmdline'))
-- What holds without being written.
local hint_answers = vim.lsp.buf_request_sync(manifest, 'textDocument/inlayHint', {
  textDocument = vim.lsp.util.make_text_document_params(manifest),
  range = { start = { line = 0, character = 0 }, ['end'] = { line = 99, character = 0 } },
}, 30000)
local _, hints = next(hint_answers or {})
say('hints', vim.tbl_map(function(it)
  return it.label
end, hints.result))

-- The code lenses, and what the one for a build does.
local lens_answers = vim.lsp.buf_request_sync(manifest, 'textDocument/codeLens', {
  textDocument = vim.lsp.util.make_text_document_params(manifest),
}, 30000)
local _, lenses = next(lens_answers or {})
say('lenses', vim.tbl_map(function(it)
  return it.command.title
end, lenses.result))
for _, it in ipairs(lenses.result) do
  assert(vim.lsp.commands[it.command.command], it.command.command)
end
vim.lsp.commands[lenses.result[1].command.command](lenses.result[1].command)
wait('what the build says', function()
  return vim.iter(vim.api.nvim_buf_get_lines(0, 0, -1, false)):any(function(line)
    return line:find('TH0105', 1, true) ~= nil
  end)
end)
vim.cmd('qall!')
