-- `:Theater WORD ...`: what the program `theater` does, in the project around the present file. The server's code
-- lenses (Build, Open in REPL, Replay last run) end here as well.

if vim.g.loaded_theater then
  return
end
vim.g.loaded_theater = true

local words = { 'build', 'check', 'fmt', 'run', 'repl', 'replay', 'explain', 'inspect', 'trace' }

-- The program that the language server is started with.
local function program()
  local config = vim.lsp.config and vim.lsp.config.theater
  local command = config and config.cmd
  return type(command) == 'table' and command[1] or 'theater'
end

-- The folder of the project: the nearest one with a theater.toml, from a file or folder on.
local function project(from)
  return vim.fs.root(from or 0, 'theater.toml') or vim.fn.getcwd()
end

-- A terminal below the other windows, in which one can type at once.
local function terminal(arguments, folder)
  vim.cmd('botright 15new')
  vim.fn.jobstart(vim.list_extend({ program() }, arguments), { term = true, cwd = folder })
  vim.cmd.startinsert()
end

-- The problems of a project, as entries of the quickfix list.
local function entries(lines, folder)
  local found = {}
  for line in vim.gsplit(lines, '\n', { trimempty = true }) do
    local problem = vim.json.decode(line, { luanil = { object = true } })
    local entry = { text = problem.code .. ' ' .. problem.message, type = problem.severity == 'error' and 'E' or 'W' }
    if problem.file then
      entry.filename = vim.fs.joinpath(folder, problem.file)
    end
    if problem.start then
      entry.lnum, entry.col = problem.start.line, problem.start.column
    end
    found[#found + 1] = entry
  end
  return found
end

local function check(folder)
  local command = { program(), 'check', '--json' }
  local started, process = pcall(vim.system, command, { cwd = folder, text = true })
  local result = started and process:wait()
  -- 0: in order; 1: there are errors; anything else: it could not be checked.
  if not result or (result.code ~= 0 and result.stdout == '') then
    local why = result and result.stderr or process
    vim.notify('theater check: ' .. vim.trim(why), vim.log.levels.ERROR)
    return
  end
  vim.fn.setqflist({}, ' ', { title = 'theater check', items = entries(result.stdout, folder) })
  vim.cmd('botright cwindow')
  if #vim.fn.getqflist() == 0 then
    vim.notify('no problems')
  end
end

vim.api.nvim_create_user_command('Theater', function(call)
  local folder = project()
  if #call.fargs == 1 and call.fargs[1] == 'check' then
    check(folder)
  else
    terminal(call.fargs, folder)
  end
end, {
  nargs = '+',
  desc = 'Run theater in the project around this file',
  complete = function(start, line)
    -- Only the word after `:Theater`.
    if line:sub(1, -#start - 1):match('%S+%s+%S') then
      return vim.fn.getcompletion(start, 'file')
    end
    return vim.tbl_filter(function(word)
      return vim.startswith(word, start)
    end, words)
  end,
})

for _, word in ipairs({ 'build', 'check', 'run', 'repl', 'replay' }) do
  vim.lsp.commands['theater.' .. word] = function(command)
    local target = (command.arguments or {})[1]
    local folder = project(target and (vim.startswith(target, 'file:') and vim.uri_to_fname(target) or target))
    if word == 'check' then
      check(folder)
    else
      terminal({ word }, folder)
    end
  end
end
