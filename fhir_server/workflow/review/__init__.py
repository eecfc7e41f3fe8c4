"""The clinicians' worklist: what reviewers do to a case that software did not affirm, one module a group of steps.

    desk         what they work with, and who may do what
    listing      which cases wait, and how urgent they are
    showing      one case: each criterion beside the records that speak to it (in the form of `sheets`)
    assignment   claim, release, reassign
    finding      what a reviewer says about a criterion
    decision     the decision, line by line (docs/decisions/never.md, 1); `ruling` and `words` are its pure part
    asking       more from the requester, a talk between clinicians, an expedited request that becomes a standard one
    correction   a second look, a decision that is taken back

The client id of a caller in the role of a reviewer is the id of his record among the reviewers.
"""
