"""What the models are told: versioned Markdown templates, and what fills them.

Everything that fills a template is data. It stands escaped in a block of its own and can neither close that block nor
open another.
"""

from prompts.blocks import Block, cut, element, elements, on_one_line, visible
from prompts.templates import Prompt, PromptError, Template, load_prompt, read_template

__all__ = [
    "Block",
    "Prompt",
    "PromptError",
    "Template",
    "cut",
    "element",
    "elements",
    "load_prompt",
    "on_one_line",
    "read_template",
    "visible",
]
